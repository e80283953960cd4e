import { spawnSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flipByte } from '../ssh/support/flip-byte.ts';
import { startGateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary } from '../ssh/support/secondary.ts';
import { mountExt4, mountMemory } from '../ssh/support/small-disk.ts';

/** Dates a file, a directory or a symbolic link. Node knows no times before 1970. */
function date(path: string, when: string): void {
  const { status, stderr } = spawnSync('touch', ['--no-dereference', `--date=${when}`, path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

const mtimeOf = (path: string) => Number(lstatSync(path, { bigint: true }).mtimeNs / 1_000_000_000n);

/** In seconds since 1970: what ext4 with inodes of 128 and of 256 bytes can hold. */
const LIMITS = { earliest: -(2 ** 31), latest: 2 ** 31 - 1, latestWithLargeInodes: 15_032_385_535 };

type Place = Pick<Awaited<ReturnType<typeof startSecondary>>, 'path' | 'sealed'>;

describe.skipIf(process.getuid?.() !== 0)(
  'times that the secondary’s file system cannot hold (needs root, for a disk)',
  () => {
    describe.each([
      ['ext4 with small inodes, plain rrsync', ['-I', '128'], 'rrsync', '2038-01-19T03:14:07Z', LIMITS.latest],
      ['ext4 with large inodes, the gate', ['-I', '256'], 'gate', '2446-05-10T22:38:55Z', LIMITS.latestWithLargeInodes],
    ] as const)('on %s', (_, options, kind, limit, latest) => {
      let secondary: Place;
      let primary: Primary;
      const undo: (() => unknown)[] = [];

      beforeAll(async () => {
        const disk = await mountExt4(...options);
        undo.unshift(() => disk.stop());
        const below = join(disk.place, 'below');
        await mkdir(below);
        const started = kind === 'gate' ? await startGateSecondary(below) : await startSecondary(below);
        undo.unshift(() => started.stop());
        secondary = started;
        primary = await makePrimary(started, 'files');
        undo.unshift(() => primary.stop());
        const memory = mountMemory(primary.source);
        undo.unshift(() => memory.stop());
        await primary.configure({ target: { secondary: kind } });
        await writeFile(at('now.sql'), 'of now\n');
        await writeFile(at('late.sql'), 'dated too late\n');
        await writeFile(at('early.sql'), 'dated too early\n');
        await writeFile(at('empty'), '');
        await mkdir(at('directory'));
        await writeFile(at('directory/inside'), 'inside\n');
        await symlink('now.sql', at('link'));
        for (const name of ['late.sql', 'empty', 'directory', 'link']) date(at(name), '2500-02-03 04:05:06 UTC');
        date(at('early.sql'), '1850-01-02 03:04:05 UTC');
      });

      afterAll(async () => {
        for (const step of undo) await step();
      });

      const at = (name: string) => join(primary.source, name);

      it('is sealed with a warning that names them and the limit', async () => {
        const end = await primary.call('run', 'files');
        expect(end.code, end.stderr).toBe(0);
        const id = (await secondary.sealed('files')).at(-1) ?? '';
        for (const name of ['late.sql', 'empty', 'directory', 'link']) {
          expect(mtimeOf(secondary.path('files', id, name)), name).toBe(latest);
        }
        expect(mtimeOf(secondary.path('files', id, 'early.sql'))).toBe(LIMITS.earliest);
        const told = new RegExp(
          `cannot hold the time of 5 entries; .*mtime (1850|2500)-\\S+, kept as (1901|${limit.slice(0, 4)})-\\S+Z`,
        );
        expect(end.stdout).toMatch(told);
        expect(end.alerts).toMatchObject([{ event: 'success' }, { event: 'warning' }]);
        expect(end.alerts[1]?.body).toMatch(told);
        expect((await primary.history()).at(-1)).toMatchObject({ exitCode: 0, snapshot: id });
      });

      it('is told by verify, which finds the snapshot intact', async () => {
        await primary.secure();
        const end = await primary.call('verify', 'files');
        expect(end.code, end.stdout).toBe(0);
        expect(end.stdout).toMatch(
          /identical to the source, but for 5 times that the file system of the secondary cannot hold/,
        );
        expect(end.stdout).toMatch(/time .*early\.sql.*1850-01-02T03:04:05Z, kept as 1901-12-13T20:45:52Z/);
        expect(end.stdout).toContain(`mtime 2500-02-03T04:05:06Z, kept as ${limit}`);
      });

      it('is sealed by the next run as well', async () => {
        const basis = await primary.secure();
        const next = await primary.secure();
        expect((await secondary.sealed('files')).slice(-2)).toEqual([basis, next]);
      });

      it('is no excuse for another time than the limit, nor for other content', async () => {
        const id = await primary.secure();
        const late = secondary.path('files', id, 'late.sql');
        const directory = secondary.path('files', id, 'directory');
        flipByte(late, 3);
        date(directory, `@${latest - 1}`);
        const end = await primary.call('verify', 'files', '--json');
        expect(end.code).toBe(20);
        const { comparison } = JSON.parse(end.stdout) as {
          comparison: { differences: { kind: string; name: string }[] };
        };
        const told = comparison.differences.map(({ kind, name }) => `${kind} ${name}`).sort();
        expect(told).toEqual([
          'clamped early.sql',
          'clamped empty',
          'clamped link',
          'corruption late.sql',
          'metadata directory/',
        ]);
      });
    });
  },
);
