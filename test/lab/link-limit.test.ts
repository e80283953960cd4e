import { spawnSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary } from '../ssh/support/secondary.ts';
import { mountExt4, mountMemory } from '../ssh/support/small-disk.ts';

/** Names that a file of ext4 can have (EXT4_LINK_MAX). */
const LIMIT = 65_000;
/** Names of each file of the source. */
const NAMES = 100;
const GROUPS = ['a', 'b', 'c', 'd'];

/**
 * Names for which there is still room, for each of these. Behind the gate, some have room for one more snapshot and not for two.
 */
const LEFT = {
  gate: [NAMES / 2, NAMES + NAMES / 2, 2 * NAMES - 1, 0],
  rrsync: [NAMES / 2, NAMES / 2, NAMES / 2, NAMES / 2],
} as const;

/** Gives files so many names outside of all snapshots that only so many more are possible, as many snapshots would. */
const CROWD = `
import os, sys
place, lefts = sys.argv[1], sys.argv[2].split(',')
for number, path in enumerate(sys.argv[3:]):
    os.makedirs(f'{place}/{number}')
    for name in range(${LIMIT} - os.stat(path).st_nlink - int(lefts[number])):
        os.link(path, f'{place}/{number}/{name}')
`;

/** More names of one file than ext4 can hold, where there is no such limit. */
const MANY = `
import os, sys
os.mkdir(sys.argv[1])
os.chdir(sys.argv[1])
open('0', 'w').write('text')
for name in range(1, ${LIMIT} + 2): os.link('0', str(name))
`;

function crowd(place: string, lefts: readonly number[], paths: readonly string[]): void {
  const { status, stderr } = spawnSync('python3', ['-I', '-c', CROWD, place, lefts.join(','), ...paths], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
}

describe.skipIf(process.getuid?.() !== 0)(
  'files that get more names than the secondary’s file system allows (needs root, for a disk)',
  () => {
    describe.each(['gate', 'rrsync'] as const)('behind %s', (kind) => {
      let secondary: Pick<Awaited<ReturnType<typeof startSecondary>>, 'path' | 'sealed' | 'record'>;
      let primary: Primary;
      let place = '';
      const undo: (() => unknown)[] = [];
      const retry = { attempts: 4, delay: '100ms', max_delay: '200ms' };

      beforeAll(async () => {
        const disk = await mountExt4('-N', '20000');
        undo.unshift(() => disk.stop());
        place = disk.place;
        const below = join(place, 'below');
        await mkdir(below);
        const started = kind === 'gate' ? await startGateSecondary(below) : await startSecondary(below);
        undo.unshift(() => started.stop());
        secondary = started;
        primary = await makePrimary(started, 'files');
        undo.unshift(() => primary.stop());
        for (const group of GROUPS) {
          await mkdir(join(primary.source, group));
          await writeFile(join(primary.source, group, '0'), `all names of ${group}\n`, { mode: 0o640 });
          for (let name = 1; name < NAMES; name += 1) {
            await link(join(primary.source, group, '0'), join(primary.source, group, String(name)));
          }
        }
        await writeFile(join(primary.source, 'other'), 'one name\n');
      }, 120_000);

      afterAll(async () => {
        for (const step of undo) await step();
      });

      const inode = (id: string, name: string) => lstatSync(secondary.path('files', id, name)).ino;

      it('are given new inodes within the run, several of them at once, and sealed snapshots stay as they are', async () => {
        await primary.configure({ target: { secondary: kind }, job: { retry } });
        const first = await primary.secure();
        crowd(
          join(place, 'crowd'),
          LEFT[kind],
          GROUPS.map((group) => secondary.path('files', first, `${group}/0`)),
        );
        const before = await secondary.record('files');

        const end = await primary.call('run', 'files');
        expect(end.code, end.stderr).toBe(0);
        // The gate copies what cannot be linked at once; elsewhere the third attempt copies.
        expect(end.stderr).toContain(`attempt ${kind === 'gate' ? 1 : 3}`);
        expect(end.stderr).not.toContain(`attempt ${kind === 'gate' ? 2 : 4}`);
        expect(end.stderr).toMatch(
          kind === 'gate'
            ? /2 unchanged files could not be linked to/
            : /attempt 1: .*as many names on the secondary as its file system allows.*; next attempt/,
        );
        const second = (await secondary.sealed('files')).at(-1) ?? '';
        for (const [index, group] of GROUPS.entries()) {
          const all = new Set(Array.from({ length: NAMES }, (_, name) => inode(second, `${group}/${name}`)));
          expect(all.size, group).toBe(1);
          const fits = kind === 'gate' && (LEFT.gate[index] ?? 0) >= NAMES;
          expect(all.has(inode(first, `${group}/0`)), group).toBe(fits);
        }
        for (const [id, lines] of before) expect((await secondary.record('files')).get(id)).toEqual(lines);
        expect(await primary.call('verify', 'files')).toMatchObject({ code: 0 });

        const third = await primary.secure();
        for (const [index, group] of GROUPS.entries()) {
          const wasNew = kind === 'rrsync' || (LEFT.gate[index] ?? 0) < NAMES;
          expect(inode(third, `${group}/7`) === inode(second, `${group}/0`), group).toBe(wasNew);
          expect(inode(third, `${group}/7`), group).toBe(inode(third, `${group}/99`));
        }
      });

      it('are named where one snapshot alone has too many names of a file, and that is no defect of the program', async () => {
        const memory = mountMemory(primary.source);
        try {
          const { status, stderr } = spawnSync('python3', ['-I', '-c', MANY, join(primary.source, 'many')], {
            encoding: 'utf8',
          });
          expect(status, stderr).toBe(0);
          const sealed = await secondary.sealed('files');
          await primary.configure({ target: { secondary: kind }, job: { retry: { attempts: 1 } } });
          const end = await primary.call('run', 'files', '--force');
          expect(end.code, end.stderr).toBe(17);
          expect(end.stderr).toMatch(/Why: .*the source alone has too many names of (it|a file) .*Too many links/);
          expect(end.stderr).toMatch(/What to do: .*[Ee]xclude some of the names of that file/);
          expect(await secondary.sealed('files')).toEqual(sealed);
        } finally {
          memory.stop();
        }
      });
    });
  },
);
