import { spawnSync } from 'node:child_process';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { bundleSecondary, type Bundled } from '../../scripts/bundle.mjs';
import { snapshotIdOf } from '../../src/shared/snapshot-id.ts';

let directory: string;
let bundle: string;
let bundled: Bundled;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-bundle-'));
  bundled = await bundleSecondary('offsite-gate', join(directory, 'built'), '0.0.0-test');
  bundle = join(directory, 'built/offsite-gate.mjs');
});
afterAll(() => rm(directory, { recursive: true }));

const OF_THE_CONTROLLER = /^src\/(cli|commands|demo|run|verify|rsync|ssh|config|state|notify)(\/|\.ts$)/;

test('holds nothing of the controller, and no program that it does not need', () => {
  expect(bundled.inputs).toContain('remote-scripts/gate/session.ts');
  expect(bundled.inputs.filter((path) => OF_THE_CONTROLLER.test(path))).toEqual([]);
  const packages = new Set(
    bundled.inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
  );
  expect([...packages].sort()).toEqual(['ajv', 'fastest-levenshtein', 'yaml']);
});

test('holds what compiled schemas call, and not their compiler', () => {
  expect(bundled.inputs).toContain('remote-scripts/config/validator.ts');
  expect(bundled.inputs).not.toContain('src/settings/schema-compiler.ts');
  const ajv = bundled.inputs.filter((path) => path.startsWith('node_modules/ajv/'));
  expect(ajv.filter((path) => !path.startsWith('node_modules/ajv/dist/runtime/'))).toEqual([]);
});

test('runs at each start only what most sessions need', () => {
  expect(bundled.run).toContain('remote-scripts/gate/session.ts');
  expect(bundled.inputs).toContain('remote-scripts/gate/check/check-host.ts');
  expect(bundled.run.filter((path) => /^node_modules|validator|\/check\//.test(path))).toEqual([]);
});

test('the bundle that is installed is the same but for its version, and its parts are the very same', async () => {
  const built = join(dirname(inject('cli')), 'remote/offsite-gate.mjs');
  const [installed, own] = await Promise.all([built, bundle].map((path) => readFile(path, 'utf8')));

  expect(installed?.replace(/"\d+\.\d+\.\d+[\w.-]*"/, '"0.0.0-test"') === own).toBe(true);
  const parts = await Promise.all([built, bundle].map((path) => readdir(join(dirname(path), 'parts'))));
  const [installedParts, ownParts] = parts.map((names) =>
    names.filter((name) => name.startsWith('offsite-gate-')).sort(),
  );
  expect(ownParts).not.toEqual([]);
  expect(installedParts).toEqual(ownParts);
});

test('imports nothing but node and parts whose names tell their content', () => {
  const names = bundled.outputs.map((path) => basename(path));
  expect(names).toContain('offsite-gate.mjs');
  expect(names.filter((name) => !/^offsite-gate(-[A-Z0-9]{8})?\.mjs$/.test(name))).toEqual([]);
  expect(bundled.imports).toContain('node:fs/promises');
  expect(bundled.imports.filter((name) => !isBuiltin(name))).toEqual([]);
});

test('runs alone in an empty directory', async () => {
  const alone = await mkdtemp(join(tmpdir(), 'offsite-alone-'));
  await cp(dirname(bundle), alone, { recursive: true });
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(alone, 'offsite-gate.mjs'), ...args], { encoding: 'utf8', cwd: alone, env: {} });

  expect(run('--version').stdout).toBe('offsite-gate 0.0.0-test\n');
  expect(run('--help').stdout).toContain('Usage: offsite-gate');
  expect(run()).toMatchObject({ status: 2, stderr: 'offsite-gate: give one HOST. See offsite-gate --help\n' });
  expect(run('../web1').status).toBe(2);
  expect(run('--nonsense', 'web1').status).toBe(2);
  await rm(alone, { recursive: true });
});

test.runIf(process.getuid?.() === 0)('refuses to serve as root (needs root)', () => {
  const { status, stderr } = spawnSync(process.execPath, [bundle, 'web1'], {
    encoding: 'utf8',
    env: { SSH_ORIGINAL_COMMAND: 'rsync --server' },
  });
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: 'offsite-gate: refused: the gate does not run as root: give the host an account of its own\n',
  });
});

test('starts rrsync soon: most of the time until then node needs for itself', async () => {
  // An account that the machine has: no sshd is in the way here.
  const { uid, gid, username } = process.getuid?.() === 0 ? NOBODY : userInfo();
  const own = async (path: string) => {
    await mkdir(path, { recursive: true });
    await chown(path, uid, gid);
    return path;
  };
  await chmod(directory, 0o755);
  const state = await own(join(directory, 'state'));
  const hostState = await own(join(state, 'web1'));
  const root = await own(join(directory, 'root'));
  await own(join(root, 'web1'));
  const config = join(directory, 'secondary.yaml');
  const host = { account: username, retention: { last: 1 }, jobs: { db: {} } };
  await writeFile(config, JSON.stringify({ version: 1, root, state_dir: state, hosts: { web1: host } }, null, 1));

  const startNode = () => {
    const began = performance.now();
    spawnSync(process.execPath, ['-e', '0'], { env: {} }); // the gate has no more than that either
    return performance.now() - began;
  };
  const startGate = async () => {
    const id = snapshotIdOf(new Date());
    const began = Date.now();
    spawnSync(process.execPath, [bundle, '--config', config, 'web1'], {
      ...(process.getuid?.() === 0 ? { uid, gid } : {}),
      stdio: 'ignore',
      env: {
        SSH_ORIGINAL_COMMAND: `rsync --server -nlHogDtpAre.iLsfxCIvu --partial --numeric-ids --fake-super . db/${id}/`,
      },
    });
    const lines = (await readFile(join(hostState, 'gate.log'), 'utf8')).trimEnd().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as { event: string; time: string });
    return Date.parse(entries.findLast(({ event }) => event === 'accepted')?.time ?? '') - began;
  };
  let [empty, whole] = [Infinity, Infinity];
  // By turns, so that what else the machine does falls on both.
  for (let round = 0; round < 12; round += 1) {
    empty = Math.min(empty, startNode());
    whole = Math.min(whole, await startGate());
  }
  process.stderr.write(`gate: rrsync starts after ${whole} ms; node alone takes ${empty.toFixed(0)} ms\n`);
  // The promised 80 ms are asserted by the bench, where nothing else runs: there it is 1.7 to 1.9. Beside other tests it
  // is more, for the gate starts flock too.
  expect(whole / empty).toBeLessThan(3);
});

const NOBODY = { uid: 65_534, gid: 65_534, username: 'nobody' };
