import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { SECONDARY } from '../../../remote-scripts/config/options.ts';
import { loadSecondaryConfig, parseSecondaryConfig } from '../../../remote-scripts/config/load.ts';
import { descriptions, otherThanDeclared } from '../settings/support/shown.ts';
import { BUCKET_KINDS } from '../../../remote-scripts/retention/buckets.ts';
import { NO_BUCKETS } from '../retention/support/policy.ts';
import { cronProblem } from '../../../src/shared/schedule.ts';

const EXAMPLE = fileURLToPath(new URL('../../../remote-scripts/secondary.example.yaml', import.meta.url));

const MINIMAL = `
version: 1
root: /srv/offsite
hosts:
  web1:
    account: offsite-web1
    retention: { daily: 7 }
    jobs:
      postgres: {}
`;

function problemsOf(text: string): string[] {
  const parsed = parseSecondaryConfig(text);
  return parsed.ok ? [] : parsed.problems.map(({ line, path, message }) => `${line ?? '?'} ${path}: ${message}`);
}

test('loads the example, which names every key of a host', async () => {
  const { hosts, timezone } = await loadSecondaryConfig(EXAMPLE);
  const web1 = hosts.get('web1')!;

  expect(timezone).toBe('Europe/Berlin');
  expect(web1.gate).toEqual({
    clockSkewMs: 600_000,
    minIntervalMs: 0,
    attemptsPerDay: 200,
    minFreeSpace: 1024 ** 3,
    minFreeInodes: 10_000,
    sessionLimitMs: 86_400_000,
    timeoutMs: 600_000,
    delta: true,
    fuzzy: true,
  });
  expect(web1.jobs.get('postgres')).toEqual({
    name: 'postgres',
    retention: {
      last: 3,
      within: 172_800_000,
      hourly: 24,
      daily: 14,
      weekly: 8,
      monthly: 12,
      quarterly: 4,
      yearly: 3,
      minAge: 86_400_000,
    },
    hold: { shrink: 0.5, maxRemovals: 50, maxExtra: 3, churn: 0.4 },
    expect: { schedule: '15 2 * * *', timezone: 'Europe/Berlin', grace: 7_200_000 },
    scrub: { everyMs: 2_592_000_000, rate: 50 * 1024 ** 2 },
    drill: { everyMs: 604_800_000, checks: 'auto', command: undefined, timeoutMs: 21_600_000 },
  });
});

/** With everything on that stands behind a `#` without a blank. */
const allOn = (text: string) => text.replace(/^( *)#(?=[a-z])/gm, '$1');

test('shows in the example each option with the value that its declaration gives as the example', async () => {
  const text = allOn(await readFile(EXAMPLE, 'utf8'));
  expect(parseSecondaryConfig(text)).toMatchObject({ ok: true });
  const shown = parse(text) as { hosts: { web1: { jobs: Record<string, object> } } };
  // What a job shows of retention, hold and scrub is its own; all are shown in full for the host.
  const { postgres, files } = shown.hosts.web1.jobs;
  shown.hosts.web1.jobs = { postgres: { ...shown.hosts.web1, ...postgres } };
  expect(files).toMatchObject({ retention: { last: 2 }, hold: { max_removals: 10 }, scrub: { every: '90d' } });
  // The channels are looked at in the primary's example, which shows them all.
  expect(otherThanDeclared(SECONDARY, shown)).toEqual([]);
});

test('has a sentence for each option, which an editor shows', () => {
  const mute = descriptions(SECONDARY).filter(([, text]) => !/^[A-Za-z].*[.]$/.test(String(text)));
  expect(mute.map(([place]) => place)).toEqual([]);
});

test('says in the example what the defaults are', async () => {
  const lines = (await readFile(EXAMPLE, 'utf8')).split('\n');
  const withoutDefaults = lines.filter((line) => !/\S: .*# default(;|$)/.test(line)).join('\n');
  // Two groups of nothing but defaults are now empty, which YAML reads as null.
  const text = withoutDefaults.replaceAll(/^ {4}(gate|hold|incomplete):\n/gm, '').replace(/^( +drill:)$/m, '$1 {}');
  const parsed = parseSecondaryConfig(text);

  expect(parsed).toEqual({ ok: true, settings: await loadSecondaryConfig(EXAMPLE) });
});

test('fills in what a short file leaves out', () => {
  const parsed = parseSecondaryConfig(MINIMAL);

  expect(parsed).toMatchObject({ ok: true, settings: { stateDir: '/var/lib/offsite-rsync', timezone: 'UTC' } });
  expect(parsed.ok && parsed.settings.hosts.get('web1')).toMatchObject({
    secondary: 'gate',
    metadata: 'fake_super',
    incompleteLifetimeMs: 604_800_000,
    gate: { attemptsPerDay: 200 },
  });
});

test('lets a job replace the retention of its host as a whole, and single keys of hold', () => {
  const parsed = parseSecondaryConfig(`
version: 1
root: /srv/offsite
hosts:
  web1:
    account: offsite-web1
    retention: { last: 5, daily: 7 }
    hold: { shrink: 30%, max_removals: 4, max_extra: 1 }
    jobs:
      postgres: { retention: { weekly: 2 }, hold: { max_removals: 9 } }
`);
  const job = parsed.ok ? parsed.settings.hosts.get('web1')?.jobs.get('postgres') : undefined;

  expect(job?.retention).toMatchObject({ last: 1, daily: 0, weekly: 2 });
  expect(job?.hold).toEqual({ shrink: 0.3, maxRemovals: 9, maxExtra: 1, churn: 0.4 });
});

test('reports every problem at once, with its line', () => {
  expect(
    problemsOf(`
version: 1
root: srv
hosts:
  web1:
    acount: x
    gate: { clock_skew: soon, attempts_per_day: 0 }
    jobs:
      x.sealed: {}
`),
  ).toEqual([
    expect.stringMatching(/^3 root: "srv" does not fit: write an absolute path/),
    expect.stringMatching(/^5 hosts\.web1: the key "account" is missing/),
    expect.stringMatching(/^6 hosts\.web1\.acount: unknown key; did you mean "account"\?/),
    expect.stringMatching(/^7 hosts\.web1\.gate\.clock_skew: "soon" does not fit: write a duration/),
    expect.stringMatching(/^7 hosts\.web1\.gate\.attempts_per_day: 0 must be >= 1/),
    expect.stringMatching(/^9 hosts\.web1\.jobs\.x\.sealed: .*a name is/),
  ]);
});

test.each([
  ['an empty retention', 'retention: { daily: 7 }', 'retention: {}', 'is empty'],
  ['a retention of zeros', 'retention: { daily: 7 }', 'retention: { daily: 0, within: 0s }', 'is empty'],
  ['a retention that is only an age', 'retention: { daily: 7 }', 'retention: { min_age: 2d }', 'is empty'],
  ['last below 1', 'retention: { daily: 7 }', 'retention: { last: 0, daily: 7 }', 'must be >= 1'],
  ['no retention at all', 'retention: { daily: 7 }', '', 'has no retention'],
  ['a host without jobs', 'postgres: {}', '', 'jobs'],
  ['root as an account', 'account: offsite-web1', 'account: root', 'must not be root'],
  [
    'no time limit',
    'retention: { daily: 7 }',
    'retention: { daily: 7 }\n    gate: { timeout: 0s }',
    'would be no limit',
  ],
  [
    'a rate at which nothing is ever read',
    'retention: { daily: 7 }',
    'retention: { daily: 7 }\n    scrub: { rate: 0B }',
    'would never come to an end',
  ],
  ['state inside of the root', 'version: 1', 'version: 1\nstate_dir: /srv/offsite/state', 'must be outside of root'],
  ['the root inside of the state', 'version: 1', 'version: 1\nstate_dir: /srv', 'must be outside of root'],
  ['a root that climbs', 'root: /srv/offsite', 'root: /srv/../etc', 'without'],
  ['the whole machine as root', 'root: /srv/offsite', 'root: /', 'without'],
  ['a future version', 'version: 1', 'version: 2', 'not one of: 1'],
])('refuses %s', (_, from, to, message) => {
  expect(problemsOf(MINIMAL.replace(from, to)).join('\n')).toContain(message);
});

test.each(BUCKET_KINDS)('takes a policy of nothing but %s', (kind) => {
  const parsed = parseSecondaryConfig(MINIMAL.replace('daily: 7', `${kind}: 4`));
  const policy = parsed.ok ? parsed.settings.hosts.get('web1')?.jobs.get('postgres')?.retention : undefined;
  expect(policy).toEqual({ ...NO_BUCKETS, last: 1, within: 0, minAge: 0, [kind]: 4 });
});

test.each(BUCKET_KINDS)('names %s in the manual', async (kind) => {
  const manual = await readFile(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const [, section = ''] = /^### What it keeps\n([^]*?)^### /m.exec(manual) ?? [];
  expect(section).toContain(`\`${kind}\``);
});

test.each([
  ['the newest alone, which as many pushes use up', '{ last: 7 }', 'at once'],
  ['the newest alone, however young', '{ last: 7, min_age: 3d }', 'at once'],
  ['one bucket, which the next replaces', '{ last: 2, daily: 1 }', 'at once'],
  ['hours of less than a day', '{ hourly: 24 }', 'within 23 h'],
  ['within of less than a day', '{ last: 9, within: 23h }', 'within 23 h'],
])('tells prune and --check that the push key can empty a policy of %s, and lets the gate go on', (_, policy, soon) => {
  const text = MINIMAL.replace('{ daily: 7 }', policy);
  expect(parseSecondaryConfig(text, { reach: true })).toMatchObject({
    ok: false,
    problems: [
      {
        path: 'hosts.web1.retention',
        line: 7,
        message: expect.stringContaining(
          `lets anyone with the push key displace everything that is kept ${soon}`,
        ) as string,
      },
    ],
  });
  expect(problemsOf(text)).toEqual([]);
  const ofJob = MINIMAL.replace('postgres: {}', `postgres: { retention: ${policy} }`);
  expect(parseSecondaryConfig(ofJob, { reach: true })).toMatchObject({
    problems: [{ path: 'hosts.web1.jobs.postgres.retention' }],
  });
});

test.each([
  '{ hourly: 25 }',
  '{ daily: 2 }',
  '{ weekly: 2 }',
  '{ monthly: 2 }',
  '{ quarterly: 2 }',
  '{ yearly: 2 }',
  '{ within: 1d }',
])('takes a policy of %s, which holds out for a day', (policy) => {
  expect(parseSecondaryConfig(MINIMAL.replace('{ daily: 7 }', policy), { reach: true })).toMatchObject({ ok: true });
});

test('refuses two hosts with one account', () => {
  const second = '  web2: { account: offsite-web1, retention: { last: 1 }, jobs: { a: {} } }\n';
  expect(problemsOf(`${MINIMAL}${second}`)).toEqual([
    expect.stringContaining('hosts.web2.account: offsite-web1 is also the account of web1'),
  ]);
});

test('passes on what is wrong with a schedule', () => {
  const text = MINIMAL.replace('postgres: {}', 'postgres: { expect: { schedule: "61 * * * *" } }');
  const parsed = parseSecondaryConfig(text, { checkSchedule: () => 'minute 61 does not exist' });

  expect(parsed).toMatchObject({
    ok: false,
    problems: [{ path: 'hosts.web1.jobs.postgres.expect.schedule', line: 9, message: 'minute 61 does not exist' }],
  });
});

test('tells of a wrong schedule and of a wrong time zone in one reading', () => {
  const expectation = '{ schedule: "61 * * * *", timezone: Europe/Berlin2 }';
  const text = MINIMAL.replace('postgres: {}', `postgres: { expect: ${expectation} }`);
  const at = 'hosts.web1.jobs.postgres.expect';
  expect(parseSecondaryConfig(text, { checkSchedule: cronProblem })).toMatchObject({
    problems: [
      { path: `${at}.timezone`, message: expect.stringContaining('IANA time zone') as string },
      { path: `${at}.schedule`, message: expect.stringContaining('is no schedule') as string },
    ],
  });
});

test("lets a job replace single keys of its host's scrub", () => {
  const jobs = (scrub: string) => MINIMAL.replace('postgres: {}', `postgres: { scrub: ${scrub} }\n      files: {}`);
  const parsed = parseSecondaryConfig(
    jobs('{ every: 90d }').replace('    jobs:', '    scrub: { every: 20d, rate: 1MiB }\n    jobs:'),
  );
  const read = parsed.ok ? parsed.settings.hosts.get('web1')?.jobs : undefined;
  expect(Object.fromEntries([...(read ?? [])].map(([name, { scrub }]) => [name, scrub]))).toEqual({
    postgres: { everyMs: 90 * 86_400_000, rate: 1024 ** 2 },
    files: { everyMs: 20 * 86_400_000, rate: 1024 ** 2 },
  });
  expect(problemsOf(jobs('{ rate: 1KiB }'))).toEqual([
    expect.stringContaining('jobs.postgres.scrub.rate: 1KiB a second') as string,
  ]);
});

test('refuses drills that no timer could make, and those that would try nothing out', () => {
  const drilled = (drill: string) => problemsOf(MINIMAL.replace('postgres: {}', `postgres: { drill: ${drill} }`));
  expect(drilled('{ every: 6h }')).toEqual([expect.stringContaining('drill.every: 6h is too often')]);
  expect(drilled('{ checks: none }')).toEqual([expect.stringContaining('drill.checks: none without a command')]);
  expect(drilled('{ checks: none, command: [/bin/true] }')).toEqual([]);
  expect(drilled('{}')).toEqual([]);
});

test('says what to do when the file is missing', async () => {
  await expect(loadSecondaryConfig('/nonexistent/secondary.yaml')).rejects.toThrow(
    '/nonexistent/secondary.yaml does not exist. Copy secondary.example.yaml there and adapt it.',
  );
});

test('holds the alerts against their own rules', () => {
  const ntfy = 'alerts: { channels: { phone: { type: ntfy, url: { env: NTFY_URL }, timeout: 5m } } }\n';
  expect(problemsOf(`${MINIMAL}${ntfy}`)).toEqual([
    expect.stringMatching(/^10 alerts\.channels\.phone\.timeout: "5m"/),
  ]);
});
