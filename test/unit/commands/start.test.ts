import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'offsite-start-'))));
afterAll(() => rmSync(directory, { recursive: true }));

/** Starts the built program by its own first line. */
function start(environment: Readonly<Record<string, string>>, ...words: string[]) {
  const PATH = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`;
  return spawnSync(inject('cli'), words, { env: { PATH, ...environment }, encoding: 'utf8' });
}

describe('the start of the program', () => {
  it.each(['LC_ALL', 'LANG', 'LC_MESSAGES'])('does not depend on a long %s, of which node dies', (name) => {
    for (const length of [50, 60, 4000]) {
      const { status, signal, stdout } = start({ [name]: 'x'.repeat(length) }, '--version');
      expect({ status, signal }).toEqual({ status: 0, signal: null });
      expect(stdout).toMatch(/^\d+\.\d+/);
    }
  });

  it.each([
    ['as it is', { LC_ALL: 'de_DE.UTF-8', LANG: 'C.UTF-8' }],
    ['that is none', { LANG: 'C.UTF-8' }],
  ])('hands an LC_ALL %s on to the programs that tell people', (_, locale) => {
    const [seen, program, config] = ['seen', 'tell', 'config.yaml'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(program, `#!/bin/sh\nenv > '${seen}'\n`, { mode: 0o755 });
    const at = { env: 'A' };
    const vault = { host: at, user: at, identity: { file: '/k' }, known_hosts: { file: '/h' } };
    const alerts = { channels: { pager: { type: 'command', command: [program] } } };
    const jobs = { db: { source: '/srv/db' } };
    writeFileSync(config, JSON.stringify({ version: 1, state_dir: directory, targets: { vault }, jobs, alerts }));
    const { status, stderr } = start(locale, 'alert', 'test', '--config', config);
    expect(status, stderr).toBe(0);
    const found = readFileSync(seen, 'utf8').split('\n');
    expect(found.filter((line) => /LC_ALL|^LANG=/.test(line)).sort()).toEqual(
      Object.entries(locale)
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  });
});

it.each(['cli', 'prune', 'scrub', 'drill'] as const)(
  'an older node is told in one line by %s, not by what it cannot load',
  (program) => {
    const before = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })";
    const words = ['--import', `data:text/javascript,${encodeURIComponent(before)}`, inject(program), '--version'];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^error: This needs Node\.js 22\.12 or newer, and \/\S+ is 20\.19\.0\. .*\n$/);
  },
);

describe('standard output on a full disk', () => {
  it.each([
    ['cli', ['config', 'schema'], 5],
    ['cli', ['--help'], 5],
    ['prune', ['--help'], 1],
  ] as const)('is no success: %s %s', (program, words, code) => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [inject(program), ...words], {
      ...{ stdio: ['ignore', full, 'pipe'], encoding: 'utf8' },
    });
    closeSync(full);
    expect({ status, stderr }).toEqual({
      status: code,
      stderr: expect.stringMatching(/^\S+: What was to be printed is not complete: ENOSPC: [^\n]*\n$/) as string,
    });
  });
});
