import { randomBytes } from 'node:crypto';
import { appendFile, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remember } from '../ssh/support/as-it-was.ts';
import { flipByte } from '../ssh/support/flip-byte.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { dumpText, fillSampleTree } from '../ssh/support/sample-tree.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';
import { recordTree } from '../ssh/support/tree-record.ts';

let secondary: Secondary;
let primary: Primary;
let first: string;
let putBack: () => void;
let jobs = 0;

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'postgres');
  await fillSampleTree(primary.source);
  first = await primary.secure();
  putBack = remember(secondary.sshd.directory, [primary.directory, secondary.root]);
});
beforeEach(() => putBack());

afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

const source = (name: string) => join(primary.source, name);

describe('verify', () => {
  it('finds an intact snapshot identical, and changes nothing there, nor what is known of the runs', async () => {
    const there = recordTree(secondary.root);
    const known = [await primary.history(), await primary.jobState()];
    const end = await primary.call('verify', 'postgres');
    expect(end).toMatchObject({ code: 0, alerts: [] });
    expect(end.stdout).toContain('identical to the source');
    expect(end.stdout).toMatch(/files that only the secondary has: not checked/);
    expect(recordTree(secondary.root)).toEqual(there);
    expect([await primary.history(), await primary.jobState()]).toEqual(known);
  });

  it('reports a flipped byte as corruption, by name, beside drift that is none', async () => {
    await writeFile(source("name with blank, 'quote' and ü"), 'changed since\n');
    await writeFile(source('new.file'), 'new since\n');
    const damaged = secondary.path('postgres', first, 'dump.sql');
    flipByte(damaged, 1000);
    const end = await primary.call('verify', 'postgres', '--json');
    flipByte(damaged, 1000);
    expect(end.code).toBe(20);
    const report = JSON.parse(end.stdout) as {
      comparison: { counts: object; differences: { kind: string; name: string }[] };
    };
    expect(report.comparison.counts).toMatchObject({ missing: 0, metadata: 0, extra: 0 });
    const named = (kind: string) =>
      report.comparison.differences.filter((difference) => difference.kind === kind).map(({ name }) => name);
    expect(named('corruption')).toEqual(['dump.sql']); // its hard link is the same file, and is told once
    expect(named('drift').sort()).toEqual(expect.arrayContaining(["name with blank, 'quote' and ü", 'new.file']));
  });

  it('of what the source no longer has as it was says that it is not comparable, and not that it is intact: exit 22', async () => {
    await writeFile(source('new.file'), 'new since\n');
    const end = await primary.call('verify', 'postgres', '--alert');
    expect(end).toMatchObject({ code: 22, alerts: [] });
    expect(end.stdout).toMatch(
      /^! .*no damage in what could be compared; 2 entries not comparable: the source no longer has them as they were$/m,
    );
    expect(end.stdout).toContain(`only the secondary can tell: offsite-scrub HOST --snapshot ${first}, there.`);
    expect(end.stdout).toMatch(/drift.*new\.file.*not on the secondary/);
    expect(end.stdout).not.toMatch(/identical|✓/);
    expect(JSON.parse((await primary.call('verify', 'postgres', '--json')).stdout)).toMatchObject({
      outcome: 'not-identical',
      exitCode: 22,
      notComparable: 2, // the file, and the time of its directory
    });
    expect(await primary.call('status')).toMatchObject({ code: 0, stdout: expect.stringMatching(/in part/) as string });
  });

  it('does not vouch for bytes that have changed there where the source has changed too', async () => {
    await appendFile(source('dump.sql'), 'new since\n');
    flipByte(secondary.path('postgres', first, 'dump.sql'), 1000);
    const end = await primary.call('verify', 'postgres', '--json');
    flipByte(secondary.path('postgres', first, 'dump.sql'), 1000);
    expect(end.code).toBe(22);
    const { comparison } = JSON.parse(end.stdout) as {
      comparison: { counts: object; differences: { kind: string; name: string }[] };
    };
    expect(comparison.counts).toMatchObject({ corruption: 0 });
    expect(comparison.differences).toContainEqual(
      expect.objectContaining({ kind: 'drift', name: 'dump.sql' }) as object,
    );
  });

  it.each([
    ['a file that was removed there', (path: string) => rm(path), 'missing'],
    ['a file that was cut short there', (path: string) => writeFile(path, 'pass'), 'corruption'],
    ['a file that was replaced there', (path: string) => writeFile(path, 'password=hunter3\n'), 'corruption'],
  ])('takes %s for damage, not for drift', async (_, damage, kind) => {
    jobs += 1;
    const other = await makePrimary(secondary, `damage-${jobs}`);
    await fillSampleTree(other.source);
    const id = await other.secure();
    await damage(secondary.path(other.job, id, 'deep/secret.conf'));
    const end = await other.call('verify', other.job, '--json');
    expect(end.code).toBe(20);
    const report = JSON.parse(end.stdout) as { comparison: { differences: { kind: string; name: string }[] } };
    expect(report.comparison.differences).toContainEqual(
      expect.objectContaining({ kind, name: 'deep/secret.conf' }) as object,
    );
    await other.stop();
  });

  it('verifies an older snapshot by its id', async () => {
    await appendFile(source('dump.sql'), 'new since\n');
    const second = await primary.secure();
    expect(await primary.call('verify', 'postgres')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('identical to the source') as string,
    });
    const older = await primary.call('verify', 'postgres', '--snapshot', first);
    expect(older.code).toBe(22);
    expect(older.stdout).toContain(first);
    expect(older.stdout).not.toContain(second);
    expect(older.stdout).toMatch(/no damage in what could be compared; \d+ entr/);
  });

  it('of an id that is not there says so, and of no id at all too', async () => {
    const gone = await primary.call('verify', 'postgres', '--snapshot', '2020-01-01T000000Z');
    expect(gone.code).toBe(2);
    expect(gone.stdout).toMatch(
      /there is no snapshot 2020-01-01T000000Z of postgres on vault\. This host knows of .*Z/,
    );
    expect(gone.stdout).toContain(first);
    expect(gone.stdout).toMatch(/what to do {2}Name a snapshot that is there with --snapshot/);
    expect(await readdir(join(primary.state, 'jobs'))).not.toContainEqual(expect.stringContaining('distrust'));
    const nonsense = await primary.call('verify', 'postgres', '--snapshot', '../../etc');
    expect(nonsense.code).toBe(2);
    expect(nonsense.stderr).toMatch(
      /"\.\.\/\.\.\/etc" is not a snapshot id\. Write one like 2026-11-23T021500Z, or latest/,
    );
    const other = await makePrimary(secondary, 'never-run');
    await fillSampleTree(other.source);
    const never = await other.call('verify', 'never-run');
    expect(never.code).toBe(2);
    expect(never.stdout).toMatch(
      /knows of no sealed snapshot.*\n +what to do {2}Make one with: offsite-rsync run never-run/,
    );
    await other.stop();
  });

  it('tells when the secondary does not answer', async () => {
    await secondary.line.hangUp();
    const end = await primary.call('verify', 'postgres');
    await secondary.line.listen();
    expect(end.code).toBe(10);
    expect(end.stdout).toMatch(/nothing listens on the port/);
  });
});

describe('a secondary that hides differences (rrsync -no-overwrite)', () => {
  it('is found blind by the canary: exit 21, nothing is sealed', async () => {
    const before = await secondary.record('postgres');
    await secondary.force(`rrsync -wo -no-del -no-overwrite -munge ${secondary.root}`);
    const verified = await primary.call('verify', 'postgres');
    const end = await primary.call('run', 'postgres');
    await secondary.force();
    expect(verified.code).toBe(21);
    expect(verified.stdout).toMatch(/exactly one checksum difference was expected/);
    expect(end.code).toBe(21);
    expect(end.stderr).toMatch(/verification is blind.*exactly one checksum difference was expected/);
    expect(end.stderr).toMatch(/What to do: The secondary hides differences \(rrsync -no-overwrite does\)/);
    expect(end.alerts).toMatchObject([{ event: 'failure', exit_code: 21 }]);
    expect(await secondary.record('postgres')).toEqual(before);
    await primary.secure();
  });
});

describe('what vanishes from the secondary between verification and canary', () => {
  it.each([
    ['the whole snapshot', '', /the snapshot \S+Z has vanished from the secondary since it was compared/],
    ['the file of the canary', '/only.sql', /a file of it has vanished from the secondary since it was compared/],
  ])('is not taken for blindness: %s', async (_, what, says) => {
    const other = await makePrimary(secondary, 'vanishing');
    await writeFile(join(other.source, 'only.sql'), 'one file\n');
    const script = join(secondary.sshd.directory, 'vanish.sh');
    const [job, mark] = [join(secondary.root, 'vanishing'), join(secondary.root, '.compared')];
    const vanish = `if [ -e ${mark} ]; then rm -rf ${job}/*Z${what}; rm ${mark}; else touch ${mark}; fi`;
    const checks = `case "$SSH_ORIGINAL_COMMAND" in *" -n"*) ${vanish};; esac`;
    await writeFile(script, `#!/bin/sh\n${checks}\nexec ${secondary.forcedCommand}\n`, { mode: 0o755 });
    await secondary.force(script);
    const run = await other.call('run', 'vanishing');
    await secondary.force();
    expect(run.code, run.stderr).toBe(17);
    expect(run.stderr).toMatch(says);
    await other.secure();
    await secondary.force(script);
    const verified = await other.call('verify', 'vanishing');
    await secondary.force();
    expect(verified.code, verified.stdout).toBe(17);
    expect(verified.stdout).toMatch(says);
    await other.stop();
  });
});

describe('damage to what a push would link to', () => {
  it('is sent anew by the run after the verification that found it', async () => {
    const other = await makePrimary(secondary, 'repaired');
    await fillSampleTree(other.source);
    const id = await other.secure();
    flipByte(secondary.path('repaired', id, 'dump.sql'), 500);
    expect(await other.call('verify', 'repaired')).toMatchObject({ code: 20 });
    const next = await other.secure();
    const sound = await readFile(secondary.path('repaired', next, 'dump.sql'));
    expect(sound.equals(await readFile(join(other.source, 'dump.sql')))).toBe(true);
    expect(await other.call('verify', 'repaired')).toMatchObject({ code: 0 });
    expect((await other.history()).at(-1)).toMatchObject({ transfer: { changedFiles: 1 } });
    await other.secure();
    expect((await other.history()).at(-1)).toMatchObject({ transfer: { changedFiles: 0, linkedFiles: 6 } });
    await other.stop();
  });

  it('is found by the run itself: exit 20, and the run after it sends it anew', async () => {
    const other = await makePrimary(secondary, 'found');
    await fillSampleTree(other.source);
    const id = await other.secure();
    flipByte(secondary.path('found', id, 'dump.sql'), 500);
    const end = await other.call('run', 'found');
    expect(end.code).toBe(20);
    expect(end.stderr).toMatch(/dump\.sql: content/);
    expect(end.stderr).toMatch(/Do not trust this snapshot/);
    expect(end.alerts).toMatchObject([{ event: 'failure', outcome: 'corruption', exit_code: 20 }]);
    expect(await secondary.sealed('found')).toEqual([id]);
    await other.secure();
    expect(await other.call('verify', 'found')).toMatchObject({ code: 0 });
    await other.stop();
  });
});

describe('run', () => {
  it('with verify.mode changed reads everything where it may link to what a broken attempt sent', async () => {
    const other = await makePrimary(secondary, 'mended');
    await fillSampleTree(other.source);
    await other.configure({
      job: { verify: { mode: 'changed', full_schedule: '0 0 1 1 *' }, retry: { attempts: 2, delay: '100ms' } },
    });
    const modeOf = async () => ((await other.history()).at(-1) as { verification: { mode: string } }).verification.mode;
    await other.secure();
    await writeFile(join(other.source, 'more.dump'), randomBytes(2 * 1024 ** 2));
    secondary.line.after(1024 ** 2, () => secondary.line.cut());
    await other.secure();
    expect((await other.history()).at(-1)).toMatchObject({ attempts: 2 });
    expect(await modeOf()).toBe('full');
    await writeFile(join(other.source, 'another.dump'), 'small');
    await other.secure();
    expect(await modeOf()).toBe('changed');
    await other.stop();
  });

  it('with verify.mode changed reads what it sent, and everything when a full pass is due', async () => {
    const other = await makePrimary(secondary, 'changed');
    await fillSampleTree(other.source);
    await other.configure({ job: { verify: { mode: 'changed', full_schedule: '0 0 1 1 *' } } });
    await other.secure();
    expect((await other.history()).at(-1)).toMatchObject({ verification: { mode: 'full' } }); // the first always
    await appendFile(join(other.source, 'dump.sql'), dumpText(10, 7));
    await other.secure();
    expect((await other.history()).at(-1)).toMatchObject({
      verification: { mode: 'changed' },
      transfer: { changedFiles: 1 },
    });
    const sound = (await secondary.sealed('changed')).at(-1) ?? '';
    flipByte(secondary.path('changed', sound, 'deep/er/run.sh'), 5);
    const blind = await other.call('run', 'changed', '--force');
    expect(blind.stdout).toContain('what was sent read on both sides'); // sealed with what had rotted: README and security.md say so
    expect(blind.stderr).toMatch(/verifying: reading what was sent, on both sides$/m);
    expect(blind.code).toBe(0);
    expect(await other.call('verify', 'changed')).toMatchObject({ code: 20 });
    await other.secure();
    await other.configure({ job: { verify: { mode: 'full' } } });
    await other.secure();
    expect((await other.history()).at(-1)).toMatchObject({ verification: { mode: 'full' } });
    await other.stop();
  });

  it('with --dry-run says what would be sent and writes nothing, anywhere', async () => {
    const there = recordTree(secondary.root);
    const state = recordTree(primary.state);
    await writeFile(source('another'), 'new\n');
    const end = await primary.call('run', 'postgres', '--dry-run');
    expect(end).toMatchObject({ code: 0, alerts: [] });
    expect(end.stdout).toMatch(/nothing was sent \(--dry-run\)/);
    expect(end.stdout).toMatch(/1 new, 0 changed, \d+ to be linked/);
    expect(end.stderr).toMatch(/^postgres → vault: source holds/m);
    expect(end.stderr).not.toMatch(/^: /m);
    expect(recordTree(secondary.root)).toEqual(there);
    expect(recordTree(primary.state)).toEqual(state);
    expect(await readdir(join(primary.directory, 'run'))).toEqual([]);
  });

  it('with --json prints one event a line, and nothing else, in success and in failure', async () => {
    const good = await primary.call('run', 'postgres', '--json');
    await secondary.line.hangUp();
    const bad = await primary.call('run', 'postgres', '--json');
    await secondary.line.listen();
    for (const [end, outcome] of [
      [good, 'done'],
      [bad, 'could-not-connect'],
    ] as const) {
      const events = end.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { time: string; event: string; record?: object });
      expect(events[0]).toMatchObject({ event: 'run-started', job: 'postgres', target: 'vault' });
      expect(events.at(-1)).toMatchObject({ event: 'run-finished', record: { outcome, exitCode: end.code } });
      for (const { time } of events) expect(Number.isNaN(Date.parse(time))).toBe(false);
    }
    expect(good.stdout).toContain('"step":"canary"');
  });

  it('of several jobs goes on after one that failed, and exits with the code of the first failure', async () => {
    const other = await makePrimary(secondary, 'b-good');
    await fillSampleTree(other.source);
    const config = JSON.parse(await readFile(other.config, 'utf8')) as { jobs: Record<string, object> };
    config.jobs = { 'a-missing': { ...config.jobs['b-good'], source: '/nonexistent/offsite' }, ...config.jobs };
    await writeFile(other.config, JSON.stringify(config));
    const end = await other.call('run', '--all');
    expect(end.code).toBe(16);
    expect(await secondary.sealed('b-good')).toHaveLength(1);
    await other.stop();
  });
});
