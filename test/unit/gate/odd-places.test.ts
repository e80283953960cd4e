import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkState } from '../../../remote-scripts/gate/check/state-files.ts';
import { beginFlush } from '../../../remote-scripts/store/syncing.ts';
import { takeLock } from '../../../src/platform/kernel-lock.ts';
import { prepareIncoming } from '../../../remote-scripts/gate/incoming.ts';
import { completeSeals, placeSeal } from '../../../remote-scripts/gate/sealing.ts';
import { jobPathsOf, loadGateSettings } from '../../../remote-scripts/gate/settings.ts';
import { statePlaces } from '../../../remote-scripts/store/places.ts';
import { clearUnflushed, distrustAllJobs } from '../../../remote-scripts/gate/unflushed.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { sealOf } from '../../ssh/support/gate-host.ts';

const ID = parseSnapshotId('2026-11-23T021500Z')!;

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'offsite-odd-'));
});
afterEach(() => rmSync(base, { recursive: true }));

/** What can lie in the place of a file, and be neither read nor written as one. */
const ODDITIES: Readonly<Record<string, (path: string) => void>> = {
  'a named pipe': (path) => execFileSync('mkfifo', [path]),
  'a directory': (path) => mkdirSync(join(path, 'x'), { recursive: true }),
  'a link that leads round in a circle': (path) => symlinkSync(path, path),
};

const settings = () => {
  const limits = {} as Parameters<typeof jobPathsOf>[0]['limits']; // asked for by nothing that is called here
  const account = 'offsite-web1';
  return { hostRoot: base, hostState: base, account, metadata: 'plain', limits, jobs: ['db', 'files'] } as const;
};
const paths = () => jobPathsOf(settings(), 'db');

/** Puts something in the place of a file of the gate's, whose directory is made. */
function put(oddity: (path: string) => void, path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  oddity(path);
  return path;
}

/** Command lines of processes that hold this test's directory in them. */
const running = () =>
  execFileSync('ps', ['-e', '-o', 'args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(base) && !line.startsWith('ps '));

describe.each(Object.entries(ODDITIES))('%s', (_, oddity) => {
  it('in the place of the lock is named', { timeout: 10_000 }, async () => {
    const path = put(oddity, paths().lock);
    await expect(takeLock(path)).rejects.toThrow(/db\.lock is .*; a file belongs there: move it away/);
  });

  it('in the place of the note of a failed write is named, and costs no attempt', { timeout: 10_000 }, async () => {
    put(oddity, paths().unflushed);
    mkdirSync(join(paths().snapshots, `${ID}.partial`), { recursive: true });
    await expect(clearUnflushed(settings(), 'db')).rejects.toThrow(/db\.unflushed is .*: move it away/);
    expect(readdirSync(paths().snapshots)).toEqual([`${ID}.partial`]);
  });

  it('in the place of such a note keeps no other job from its own', { timeout: 10_000 }, async () => {
    put(oddity, paths().unflushed);
    await expect(distrustAllJobs(settings())).rejects.toThrow(/db\.unflushed is .*: move it away/);
    expect(readFileSync(jobPathsOf(settings(), 'files').unflushed)).toHaveLength(1);
  });

  it('in the place of the lock of a flush keeps no flush waiting that nobody ends', { timeout: 20_000 }, async () => {
    beginFlush(put(oddity, statePlaces(base).flushLock));
    await expect.poll(running, { timeout: 10_000 }).toEqual([]);
  });

  it('among accepted seals is passed over', async () => {
    put(oddity, join(paths().accepted, 'unknown'));
    await expect(completeSeals(paths())).resolves.toEqual([]);
  });

  it('is found by offsite-gate --check, wherever a file of the state belongs', async () => {
    const places = ['gate.log', 'gate.log.1', 'db.attempts.jsonl', 'prune.json', 'settings.json', 'db.unflushed'];
    for (const name of [...places, `spool/db/accepted/${ID}.sealed`]) put(oddity, join(base, name));
    writeFileSync(join(base, 'db.lock'), '');
    const findings = await checkState(base);
    expect(findings.map(({ text }) => text.slice(base.length + 1).split(' ')[0]).sort()).toEqual(
      [...places, `spool/db/accepted/${ID}.sealed`].sort(),
    );
    expect(findings[0]).toMatchObject({ kind: 'bad', fix: expect.stringMatching(/^Move it away/) as string });
  });
});

describe('a file in the place of a directory', () => {
  it.each([['where a seal arrives', () => dirname(paths().incoming), () => prepareIncoming(paths())]])(
    '%s is named',
    async (_, place, act) => {
      put((path) => writeFileSync(path, ''), place());
      await expect(act()).rejects.toThrow(/a directory belongs there: move what is there away/);
    },
  );

  it('is found by offsite-gate --check', async () => {
    for (const name of ['spool', 'prune.tmp']) writeFileSync(join(base, name), '');
    expect((await checkState(base)).map(({ kind }) => kind)).toEqual(['bad', 'bad']);
  });
});

it('finds nothing wrong with a state that is as it must be', async () => {
  mkdirSync(paths().incoming, { recursive: true });
  mkdirSync(paths().accepted);
  for (const name of ['gate.log', 'db.lock']) writeFileSync(join(base, name), '');
  expect(await checkState(base)).toEqual([]);
  expect(await checkState(join(base, 'missing'))).toEqual([]);
});

it.each(['', '{}', '[null]', '{"__proto__":{"version":1}}'])(
  'an accepted seal that holds %j is named, and makes nothing a snapshot',
  async (text) => {
    mkdirSync(paths().accepted, { recursive: true });
    mkdirSync(join(paths().snapshots, `${ID}.partial`), { recursive: true });
    writeFileSync(join(paths().accepted, `${ID}.sealed`), text);
    await expect(completeSeals(paths())).rejects.toThrow(/accepted\/.*\.sealed is .*: move it away/);
    expect(readdirSync(paths().snapshots)).toEqual([`${ID}.partial`]);
  },
);

it('a seal is placed where what a killed writer left lies beside it, and clears that', async () => {
  mkdirSync(join(paths().snapshots, `${ID}.partial`), { recursive: true });
  const left = [join(paths().snapshots, `.${ID}.sealed.1.1.tmp`), join(paths().accepted, `.${ID}.sealed.1.1.tmp`)];
  for (const path of left) {
    put((place) => writeFileSync(place, '{'), path);
    utimesSync(path, 1, 1);
  }
  await placeSeal(paths(), sealOf(ID), { received: '2026-11-23T02:20:00.000Z', gate: 'test' });
  await completeSeals(paths());
  expect(readdirSync(paths().snapshots).sort()).toEqual([ID, `${ID}.sealed`]);
  expect(readdirSync(paths().accepted)).toEqual([]);
});

describe('remembered settings', () => {
  const YAML = `version: 1
root: ROOT
state_dir: STATE
hosts:
  web1:
    account: offsite-web1
    retention: { daily: 7 }
    jobs: { db: {} }
`;
  it.each([
    {},
    null,
    { hostRoot: 7, hostState: [], account: null, metadata: 'plain', limits: {}, jobs: [7] },
    { hostRoot: '/x', hostState: '/x', account: 'x', metadata: 'plain', limits: {}, jobs: ['db'] },
    { hostRoot: '/x', hostState: '/x', account: 'x', metadata: 'plain', limits: null, jobs: ['db'] },
  ])('that hold %j are not believed', async (damaged: object | null) => {
    const config = join(base, 'secondary.yaml');
    writeFileSync(config, YAML.replace('ROOT', join(base, 'srv')).replace('STATE', join(base, 'lib')));
    mkdirSync(join(base, 'lib', 'web1'), { recursive: true });
    const good = await loadGateSettings(config, 'web1', '1');
    const remembered = join(base, 'lib', 'web1', 'settings.json');
    const content = JSON.parse(readFileSync(remembered, 'utf8')) as object;
    expect(await loadGateSettings(config, 'web1', '1')).toEqual(good);
    writeFileSync(remembered, JSON.stringify({ ...content, settings: damaged }));
    expect(await loadGateSettings(config, 'web1', '1')).toEqual(good);
    expect(lstatSync(remembered).isFile()).toBe(true);
    expect(JSON.parse(readFileSync(remembered, 'utf8'))).toEqual(content);
  });
});
