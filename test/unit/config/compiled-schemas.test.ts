import { build, type Plugin } from 'esbuild';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { compiledSchemas } from '../../../scripts/compile-schemas.mjs';
import * as secondarySources from '../../../remote-scripts/config/load.ts';
import * as primarySources from '../../../src/config/load.ts';
import { OLDEST_NODE } from '../../../src/shared/versions.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Stands in ajv's compiler and in nothing that compiled schemas call. */
const COMPILER = 'Error compiling schema, function code:';

let directory: string;
let primaryBuilt: typeof primarySources;
let secondaryBuilt: typeof secondarySources;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-schemas-'));
  primaryBuilt = (await import(await bundle('src/config/load.ts', 'primary.mjs'))) as typeof primarySources;
  secondaryBuilt = (await import(
    await bundle('remote-scripts/config/load.ts', 'secondary.mjs')
  )) as typeof secondarySources;
  return () => rm(directory, { recursive: true });
});

async function bundle(entry: string, name: string, plugins: Plugin[] = [compiledSchemas()]): Promise<string> {
  const outfile = join(directory, name);
  const banner = { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };
  await build({
    ...{ absWorkingDir: root, entryPoints: [entry], outfile, banner, plugins },
    ...{ bundle: true, platform: 'node', target: `node${OLDEST_NODE}`, format: 'esm', logLevel: 'warning' },
  });
  return outfile;
}

describe('the compiler of schemas', () => {
  it('is in a bundle that is built without compiling them', async () => {
    expect(await readFile(await bundle('src/config/load.ts', 'slow.mjs', []), 'utf8')).toContain(COMPILER);
  });

  it('is in none of the built programs', async () => {
    const dist = dirname(inject('cli'));
    const files = (await readdir(dist, { recursive: true })).filter((name) => /\.m?js$/.test(name));
    expect(files).toContain('remote/offsite-gate.mjs');
    expect(files).toContain('remote/offsite-prune.mjs');
    const texts = await Promise.all(files.map(async (name) => [name, await readFile(join(dist, name), 'utf8')]));
    expect(texts.filter(([, text]) => text?.includes(COMPILER)).map(([name]) => name)).toEqual([]);
  });
});

const REFERENCES = 'host: {env: H}, user: {env: U}, identity: {file: /i}, known_hosts: {credential: k}';

/** The top of a file, and what stands in the one target, in the one job and in the alerts. */
function primary({ top = '', target = '', job = '', channels = '' }): string {
  return `version: 1
${top}
targets: { vault: { ${REFERENCES}${target} } }
jobs:
  db: { source: /var/backups${job} }
alerts: { channels: { ${channels} } }
`;
}

function secondary({ top = '', host = '', job = '', channels = '' }): string {
  return `version: 1
root: /srv/offsite
${top}
hosts:
  web1: { account: web1, retention: { last: 3 }, jobs: { db: { ${job} } }${host} }
alerts: { channels: { ${channels} } }
`;
}

/** Of one channel, on the primary and on the secondary. */
const FAULTY_CHANNELS = [
  'c: {}',
  'c: []',
  'c: { type: webhok }',
  'c: { type: 7 }',
  'c: { type: webhook }',
  'c: { type: webhook, url: "https://example.org/secret" }',
  'c: { type: webhook, url: {} }',
  'c: { type: webhook, url: { env: A, file: /b } }',
  'c: { type: webhook, url: { env: a-b } }',
  'c: { type: webhook, url: { file: relative } }',
  'c: { type: webhook, url: { credential: ".." } }',
  'c: { type: webhook, url: { evn: A } }',
  'c: { type: webhook, url: { env: 3 }, preset: slak, token: null }',
  'c: { type: ntfy, url: { env: U }, priority: highest }',
  'c: { type: gotify, url: { env: U }, token: { env: T }, priority: 11 }',
  'c: { type: apprise, url: { env: U }, tag: "" }',
  'c: { type: uptime_kuma, url: { env: U }, events: [warning] }',
  'c: { type: pagerduty, routing_key: R0 }',
  'c: { type: ping, url: { env: U }, send_log: "yes", timeout: soon, retries: 6 }',
  'c: { type: email, host: { env: H }, tls: tls, user: { env: U } }',
  'c: { type: sendmail, to: { env: T }, program: sendmail }',
  'c: { type: command, command: [], env: { "A-B": { env: A }, B: literal } }',
  'c: { type: command, command: [1, ""] }',
  'c: { type: desktop, events: [] }',
  'c: { type: desktop, events: [start, failure, failure], urll: 1 }',
  '"bad name": { type: desktop, retries: 1.5 }',
];

const FAULTY_PRIMARY = [
  '',
  '[]',
  'version: 2',
  'version: "1"\ntargets: {}\njobs: {}',
  'version: 1\ntargets: []\njobs: text',
  'version: 1\ntargts: {}\njobs: { "a b": { source: x } }',
  ...[
    { top: 'state_dir: relative' },
    { top: 'secrets_file: 7\nruntime_dir: {}' },
    { top: 'metrics: { textfil: /a.prom }' },
    { top: 'metrics: { textfile: /a.txt }\nxylophone: true' },
    { target: ', secondary: gat, metadata: fakesuper' },
    { target: ', compress: "no", connect_timeout: 20, io_timeout: 5 minutes' },
    { target: ', bandwidth_limit: 12 parsecs' },
    { target: ', bandwidth_limit: 3' },
    { target: ', bandwidth_limit: [1]' },
    { target: ', keepalive: { interval: x, count: 0, cuont: 1 }' },
    { target: ', keepalive: { count: 101 }, port: 22' },
    { target: ', host: vault.example.org' },
    { job: ', targets: []' },
    { job: ', targets: [vault, vault]' },
    { job: ', targets: [valt], exclude: [""]' },
    { job: ', exclude: x, deadline: 0s, retry: { attempts: 1.5 }' },
    { job: ', retry: { delay: 1, max_delay: later, atempts: 3 }' },
    { job: ', guard: { max_age: never, max_shrink: 200, allow_empty: 1 }' },
    { job: ', guard: null' },
    { job: ', verify: { mode: fast, full_schedule: nightly, timezone: Mars/Base }' },
    { job: ', expect: {}' },
    { job: ', expect: { schedule: "61 2 * * *", grace: 1 }' },
    { job: ', expect: { schedule: 5, timezone: 5 }, sorce: /x' },
    ...FAULTY_CHANNELS.map((channels) => ({ channels })),
  ].map(primary),
];

const FAULTY_SECONDARY = [
  '',
  'text',
  'version: 2\nroot: srv',
  'version: 1\nroot: /srv\nhosts: {}',
  'version: 1\nroot: /srv\nhosts: { "-x": { jobs: {} }, web1: 7 }',
  ...[
    { top: 'state_dir: /srv/offsite/state' },
    { top: 'timezone: Europe/Berlin2\nsecrets_file: x' },
    { top: 'stat_dir: /x' },
    { host: ', account: Web1' },
    { host: ', secondary: rsync, metadata: 1' },
    { host: ', gate: { clock_skew: 1, min_interval: x, attempts_per_day: 0, min_free_space: much }' },
    { host: ', gate: { min_free_inodes: 1e24 }' },
    { host: ', gate: { attempts_per_day: 1001, min_free_inodes: -1, session_limit: 0s, delta: 1, fuzy: true }' },
    { host: ', hold: { shrink: half, max_removals: 0, max_extra: 0 }' },
    { host: ', incomplete: { lifetime: long, life: 1 }' },
    { host: ', incomplete: []' },
    { job: 'retention: { last: 0, daily: -1, weekly: 100001, min_age: x, dayly: 3 }' },
    { job: 'retention: {}' },
    { job: 'expect: { timezone: UTC }' },
    { job: 'expect: { schedule: "", timezone: Mars, grace: x }' },
    { job: 'hold: { shrink: 7 }, schedule: x' },
    ...FAULTY_CHANNELS.map((channels) => ({ channels })),
  ].map(secondary),
];

function problems(load: () => unknown): string {
  try {
    load();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the built program and the sources say the same', () => {
  it.each(FAULTY_PRIMARY)('of a faulty configuration: %j', (text) => {
    const told = problems(() => primarySources.parseConfig('c.yaml', text));
    expect(told).toMatch(/^c\.yaml: \d+ problems?\n/);
    expect(problems(() => primaryBuilt.parseConfig('c.yaml', text))).toBe(told);
  });

  it.each(FAULTY_SECONDARY)('of faulty settings of the secondary: %j', (text) => {
    const told = secondarySources.parseSecondaryConfig(text);
    expect(told.ok).toBe(false);
    expect(secondaryBuilt.parseSecondaryConfig(text)).toEqual(told);
  });

  it('of the examples, with every default', async () => {
    const [one, other] = await Promise.all(
      ['config.example.yaml', 'remote-scripts/secondary.example.yaml'].map((name) =>
        readFile(join(root, name), 'utf8'),
      ),
    );
    for (const text of [one!, primary({})]) {
      expect(primaryBuilt.parseConfig('c.yaml', text)).toEqual(primarySources.parseConfig('c.yaml', text));
    }
    for (const text of [other!, secondary({})]) {
      const told = secondarySources.parseSecondaryConfig(text);
      expect(told.ok).toBe(true);
      expect(secondaryBuilt.parseSecondaryConfig(text)).toEqual(told);
    }
  });
});
