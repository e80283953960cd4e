import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import type { Coupling } from '../../../src/systemd/coupling.ts';
import { planUnits } from '../../../src/systemd/plan-units.ts';
import { SYSTEM, userManager } from '../../../src/systemd/manager.ts';
import { writeUnits } from '../../../src/systemd/write-units.ts';

const CONFIG = {
  version: 1,
  state_dir: '/srv/state of ours',
  targets: {
    vault: {
      host: { credential: 'vault-host' },
      user: { credential: 'vault-user' },
      identity: { credential: 'vault-key' },
      known_hosts: { credential: 'vault-known-hosts' },
    },
  },
  jobs: { 'my-db.2': { source: '/srv/back ups/"50%"', verify: { schedule: '0 4 1,15 * 6' } } },
  alerts: { channels: { chat: { type: 'webhook', url: { credential: 'chat-url' } } } },
};

const COUPLINGS: readonly Coupling[] = [
  { style: 'exec-start-post', backupUnit: 'pg-backup.service' },
  { style: 'on-success', backupUnit: 'pg-backup.service' },
  { style: 'path', marker: '/srv/back ups/100% done' },
];

/** Exposure of a service of ours, at most; 10 is worst. */
const MOST_EXPOSED = 2.5;

describe('what systemd itself says of our units', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'offsite-units-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function write(coupling: Coupling, manager = SYSTEM): Promise<string> {
    const settings = parseConfig('config.yaml', JSON.stringify(CONFIG));
    const encrypted = (name: string) => name === 'vault-host';
    const program = { manager, encrypted, words: [process.execPath, '/opt/off site/cli.js'], config: '/etc/50%.yaml' };
    const { files } = planUnits(settings, settings.jobs.get('my-db.2')!, coupling, program);
    await writeUnits(files, manager.units, root, false);
    const directory = join(root, manager.units);
    await writeFile(join(directory, 'pg-backup.service'), '[Service]\nType=oneshot\nExecStart=/bin/true\n');
    return directory;
  }

  function analyze(directory: string, ...words: string[]) {
    return spawnSync('systemd-analyze', words, {
      cwd: directory,
      encoding: 'utf8',
      env: { ...process.env, SYSTEMD_UNIT_PATH: `${directory}:`, SYSTEMD_LOG_LEVEL: 'warning' },
    });
  }

  it.each(COUPLINGS)('verify has nothing to say of style $style', async (coupling) => {
    const directory = await write(coupling);
    const { stdout, stderr, status } = analyze(
      directory,
      'verify',
      '--man=no',
      'pg-backup.service',
      'offsite-rsync@my-db.2.service',
      'offsite-rsync-alert@offsite-rsync@my-db.2.service.service',
      'offsite-rsync-awake@my-db.2.service',
      'offsite-rsync-freshness.service',
      'offsite-rsync-freshness.timer',
      'offsite-rsync-verify@my-db.2.service',
      'offsite-rsync-verify@my-db.2.timer',
      ...(coupling.style === 'path' ? ['offsite-rsync-my-db.2.path'] : []),
    );
    const ours = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line.includes(directory) || /offsite|backup/.test(line));
    expect(ours).toEqual([]);
    expect(status).toBe(0);
  });

  it('verify has nothing to say of the units of an ordinary user', async () => {
    const directory = await write(COUPLINGS[0]!, userManager({ HOME: '/home/me' }));
    const { stdout, stderr } = analyze(
      directory,
      ...['--user', 'verify', '--man=no', 'pg-backup.service', 'offsite-rsync@my-db.2.service'],
      'offsite-rsync-alert@offsite-rsync@my-db.2.service.service',
    );
    const ours = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line.includes(directory) || /offsite|backup/.test(line));
    expect(ours).toEqual([]);
  });

  it.each([
    'offsite-rsync@.service',
    'offsite-rsync-alert@.service',
    'offsite-rsync-awake@.service',
    'offsite-rsync-freshness.service',
    'offsite-rsync-verify@.service',
  ])(`security finds %s exposed by ${MOST_EXPOSED} at most`, async (unit) => {
    const directory = await write(COUPLINGS[0]!);
    const { stdout } = analyze(directory, 'security', '--offline=true', '--no-pager', `./${unit}`);
    const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1];
    expect(Number(exposure), stdout).toBeLessThanOrEqual(MOST_EXPOSED);
  });
});
