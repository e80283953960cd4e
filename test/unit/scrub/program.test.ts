import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { EXIT } from '../../../remote-scripts/scrub/exit-codes.ts';
import { bundleSecondary, type Bundled } from '../../../scripts/bundle.mjs';
import { startProgram } from '../prune/support/run-prune.ts';
import { HOST, UNPRIVILEGED, type Store } from '../prune/support/store.ts';
import { createScrubStore } from './support/run-scrub.ts';

const ID = '2026-11-01T021500Z';

let store: Store | undefined;
afterEach(() => {
  store?.remove();
  store = undefined;
});

function run(args: readonly string[], user = UNPRIVILEGED) {
  const config = store === undefined ? [] : ['--config', store.config];
  return startProgram(inject('scrub'), [...args, ...config], user).ended;
}

function made(jobs = '{ db: {} }'): Store {
  store = createScrubStore({ jobs });
  for (const job of store.host.jobs.keys()) store.seal(job, new Date('2026-11-01T02:15:00Z'));
  store.own();
  return store;
}

describe('the bundle', () => {
  let directory: string;
  let bundle: Bundled;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'offsite-bundle-'));
    bundle = await bundleSecondary('offsite-scrub', directory, inject('version'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('is what is installed, and needs only node', () => {
    const path = join(directory, 'offsite-scrub.mjs');
    expect(readFileSync(inject('scrub'), 'utf8') === readFileSync(path, 'utf8')).toBe(true);
    const modules = new Set(builtinModules);
    expect(bundle.imports.filter((name) => !modules.has(name.replace(/^node:/, '')))).toEqual([]);
    expect(statSync(path).size).toBeLessThan(4 * 2 ** 20);
  });

  it('holds nothing of the gate and nothing of prune', () => {
    const ours = bundle.inputs.filter((path) => !path.includes('node_modules'));
    const known =
      /^(remote-scripts\/(offsite-scrub\.ts|commands\/scrub\.ts|scrub\/|program\/|telling\/|config\/|retention\/|store\/)|src\/(manifests|rsync|notify|settings|platform|shared)\/)/;
    expect(ours.filter((path) => !known.test(path))).toEqual([]);
  });
});

it.each([{ args: [HOST, '--help'] }, { args: ['--help'] }, { args: ['run', '--help'] }])(
  'the help of offsite-scrub $args knows every option and exit code',
  async ({ args }) => {
    const { code, stdout } = await run(args);
    expect(code).toBe(0);
    for (const option of ['--config', '--job', '--now', '--all', '--snapshot', '--list', '--json']) {
      expect(stdout).toContain(option);
    }
    expect(stdout.match(/Exit codes:/g)).toHaveLength(1);
    for (const { code: exit, meaning } of Object.values(EXIT)) {
      expect(stdout).toMatch(new RegExp(`^  ${exit} +${meaning.slice(0, 12)}`, 'm'));
    }
  },
);

it.each<[string[], RegExp]>([
  [['--nonsense'], /unknown option/],
  [[], /missing required argument/],
  [[HOST, 'more'], /too many arguments/],
  [['wbe1'], /There is no host "wbe1".*Did you mean "web1"/],
  [['manifest', HOST], /Did you mean "offsite-scrub manifests"/],
  [[HOST, '--job', 'dc'], /There is no job "dc" in web1; known: db\. Did you mean "db"/],
  [[HOST, '--snapshot', 'yesterday'], /Write the id of a snapshot/],
  [[HOST, '--snapshot', '2026-11-02T021500Z'], /web1 has no sealed snapshot 2026-11-02T021500Z/],
  [[HOST, '--all', '--snapshot', ID], /cannot be used with/],
  [[HOST, '--now', '--list'], /cannot be used with/],
])('refuses %j with exit 2', async (args, says) => {
  made();
  const { code, stderr } = await run(args);
  expect(stderr).toMatch(says);
  expect(code).toBe(2);
});

it.runIf(process.getuid!() === 0)('does not run as root (needs root)', async () => {
  made();
  const { code, stderr } = await run([HOST], 0);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining('runuser -u offsite-web1 -- offsite-scrub web1') as string,
  });
});

it('asks which job is meant where several have a snapshot of that id', async () => {
  made('{ db: {}, files: {} }');
  expect((await run([HOST, '--snapshot', ID])).stderr).toMatch(/say which with --job: db, files/);
  expect(await run([HOST, '--snapshot', ID, '--job', 'files'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('web1/files: ') as string,
  });
});

it('says for each job what it did', async () => {
  made('{ db: {}, files: {} }');
  const { code, stdout } = await run([HOST, '--all']);
  expect(code).toBe(0);
  expect(stdout).toBe(
    'web1/db: 1 file (18 B) read\n  1 manifest made\nweb1/files: 1 file (18 B) read\n  1 manifest made\n',
  );
  expect(await run([HOST, '--list'])).toMatchObject({ code: 0, stdout: 'nothing is known to be damaged\n' });
});

it('makes manifests, and nothing else, when the gate asks for it', async () => {
  const secondary = made();
  expect(await run(['manifests', HOST, '--job', 'db'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(secondary.names('db')).toEqual([ID, `${ID}.sealed`, `${ID}.sha256`]);
  expect(readFileSync(join(secondary.root, 'db', `${ID}.sha256`), 'utf8')).toMatch(/^[0-9a-f]{64} {2}\.\/dump\.sql\n$/);
  expect(() => statSync(join(secondary.state, 'db.scrub.json'))).toThrow();
});
