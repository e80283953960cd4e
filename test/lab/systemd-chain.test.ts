import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { flipByte } from '../ssh/support/flip-byte.ts';
import { argumentsOf, descendants, watchArguments } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { startFakeLogind } from './support/fake-logind.ts';
import { LARGE, SMALL, startChainLab, type ChainLab } from './support/chain-lab.ts';

// The hardest kind of backup unit there is: an account without rights, no network, no writable memory that runs, five seconds.
const backupUnit = (job: string) => `[Unit]
Description=Make a dump
[Service]
Type=oneshot
User=backup
ExecStart=/usr/local/bin/make-dump /var/backups/${job}
TimeoutStartSec=5
PrivateNetwork=yes
ProtectSystem=strict
ReadWritePaths=/var/backups/${job}
PrivateTmp=yes
PrivateDevices=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictAddressFamilies=none
MemoryDenyWriteExecute=yes
SystemCallFilter=@system-service
InaccessiblePaths=/etc/offsite-rsync /opt/offsite-rsync -/var/lib/offsite-rsync /run/systemd/private
`;

// As docs/operations.md says it.
const DIRECT = `[Unit]
Description=Make a dump, and send it right here
OnFailure=offsite-rsync-alert@%n.service
[Service]
Type=oneshot
ExecStart=/usr/local/bin/make-dump /var/backups/direct
ExecStartPost=/usr/local/bin/offsite-rsync run direct
TimeoutStartSec=infinity
KillMode=mixed
StateDirectory=offsite-rsync
RuntimeDirectory=offsite-rsync
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
LoadCredential=vault-host:/etc/offsite-rsync/credentials/vault-host
LoadCredential=vault-user:/etc/offsite-rsync/credentials/vault-user
LoadCredential=vault-key:/etc/offsite-rsync/credentials/vault-key
LoadCredential=vault-known-hosts:/etc/offsite-rsync/credentials/vault-known-hosts
LoadCredential=token:/etc/offsite-rsync/credentials/token
`;

const FORGING_DUMP = String.raw`
import os, sys
name = b'forging\n<0>forged entry\nMESSAGE=forged\nPRIORITY=0\x1b]0;owned\x07\x1b[31m\x9b2J\xff.sql'
with open(os.path.join(os.fsencode(sys.argv[1]), name), 'w') as file: file.write('--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE a (b int);\n')
`;

// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

const JOBS = ['postgres', 'files', 'marked', 'direct'] as const;
const BACKUP = 'pg-backup.service';
const TRANSFER = 'offsite-rsync@postgres.service';
const AWAKE = 'offsite-rsync-awake@postgres.service';

describe('the chain, under a real systemd', () => {
  let lab: ChainLab;
  let stop = () => Promise.resolve();
  const alertsRun = new Map<string, number>();
  const systemctl = (...words: string[]) => lab.machine.run('systemctl', '--no-ask-password', ...words);
  const property = (unit: string, name: string) =>
    lab.machine.must('systemctl', 'show', '--value', `--property=${name}`, unit).trim();
  const journal = (unit: string) => lab.machine.must('journalctl', '--no-pager', '--output=cat', `--unit=${unit}`);
  const all = () => lab.machine.must('journalctl', '--no-pager', '--output=short-iso');
  const units = (...words: string[]) => lab.machine.must('offsite-rsync', 'units', ...words);
  /** What runs of a transfer, wherever it has got to: the controller, rsync, ssh. */
  const transferring = () =>
    descendants(lab.machine.init)
      .map((pid) => argumentsOf(pid)?.join(' ') ?? '')
      .filter((line) => /(^|[ /])(rsync|ssh|offsite-rsync run) /.test(line));

  beforeAll(async () => {
    lab = await startChainLab(
      {
        [BACKUP]: backupUnit('postgres'),
        'files-backup.service': backupUnit('files'),
        'direct-backup.service': DIRECT,
        'simple-backup.service': '[Service]\nExecStart=/bin/true\n',
        'staying-backup.service': '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n',
      },
      JOBS,
      { marked: { one_file_system: true, verify: { schedule: '* * * * *' } } },
    );
    stop = () => lab.stop();
    units('postgres', '--backup-unit', BACKUP, '--write');
    units('files', '--backup-unit', 'files-backup.service', '--style', 'on-success', '--write');
    lab.machine.must('install', '-d', '/var/lib/lab');
    units('marked', '--style', 'path', '--marker', '/var/lib/lab/marked.done', '--write');
    lab.machine.must('systemctl', 'daemon-reload');
    lab.machine.must('systemctl', 'enable', '--now', 'offsite-rsync-marked.path');
    // Last night each job was secured.
    for (const unit of [BACKUP, 'files-backup.service', 'direct-backup.service'])
      lab.machine.must('systemctl', 'start', unit);
    touchMarker();
    for (const job of JOBS) await until(async () => (await lab.secondary.sealed(job)).length === 1);
    for (const job of ['files', 'marked']) await lab.settled(`offsite-rsync@${job}.service`);
  });
  beforeEach(() => {
    lab.setDump(SMALL);
    lab.newAlerts();
  });
  afterEach(expectNoSecret);
  afterAll(() => stop());

  it('the dump is made, sent and sealed with one command, and no secret shows', async () => {
    const watch = watchArguments(lab.machine.init);
    systemctl('start', '--no-block', BACKUP);
    expect(await lab.settled(BACKUP), all()).toBe('inactive');
    const { seen } = watch.stop();
    const id = (await lab.secondary.sealed('postgres')).at(-1) ?? '';
    const sent = await readFile(lab.secondary.path('postgres', id, 'dump.sql'));
    expect(sent).toHaveLength(SMALL);
    expect(journal(TRANSFER)).toContain(`secured as ${id}`);
    expect(lab.newAlerts()).toMatchObject([{ event: 'success', job: 'postgres' }]);
    expect(seen.some((line) => /ssh -F \S+/.test(line))).toBe(true);
    for (const canary of lab.canaries) expect(seen.join('\n')).not.toContain(canary);
  });

  it('a backup that fails is not sent, and somebody is told', async () => {
    const before = await lab.secondary.entries('postgres');
    lab.setDump('fail');
    expect(systemctl('start', BACKUP).code).not.toBe(0);
    const alerts = await told(BACKUP);
    expect(await lab.secondary.entries('postgres')).toEqual(before);
    expect(alerts).toMatchObject([
      { event: 'failure', job: 'postgres', subject: expect.stringContaining(`${BACKUP} failed`) as string },
    ]);
    expect(alerts[0]?.body).toContain('exit code 3');
    recovers();
  });

  it('a name with newlines, escapes and bytes that are no UTF-8 is one harmless line of the journal', async () => {
    const entries = () =>
      lab.machine
        .must('journalctl', '--no-pager', '--output=json', `--unit=${TRANSFER}`)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { readonly MESSAGE: unknown; readonly PRIORITY: string });
    const before = entries().length;
    // A dump that is broken off, which the run has to name.
    lab.machine.must('python3', '-I', '-c', FORGING_DUMP, '/var/backups/postgres');
    try {
      expect(systemctl('start', BACKUP).code).not.toBe(0);
    } finally {
      lab.machine.must('sh', '-c', 'rm /var/backups/postgres/forging*');
    }
    expect(await told(BACKUP, TRANSFER)).toMatchObject([{ event: 'failure', job: 'postgres', exit_code: 16 }]);
    const said = entries().slice(before);
    // journalctl writes what is more than one printable line as a list of numbers.
    expect(said.filter(({ MESSAGE }) => typeof MESSAGE !== 'string' || CONTROL.test(MESSAGE))).toEqual([]);
    expect(said.filter(({ PRIORITY }) => Number(PRIORITY) < 3)).toEqual([]);
    // No part of the name stands in an entry of its own.
    const parts = said.map(({ MESSAGE }) => String(MESSAGE)).filter((text) => text.includes('forg'));
    expect(parts.length).toBeGreaterThan(0);
    expect(parts.filter((text) => !/forging.*<0>forged entry.*MESSAGE=forged.*PRIORITY=0/.test(text))).toEqual([]);
    recovers();
  });

  it('a line that is cut fails the backup unit, and is told once, with its reason', async () => {
    lab.setDump(LARGE);
    systemctl('start', '--no-block', BACKUP);
    await lab.writing('postgres');
    lab.cutLine();
    try {
      expect(await lab.settled(BACKUP)).toBe('failed');
    } finally {
      await lab.mendLine();
    }
    expect(property(TRANSFER, 'Result')).toBe('exit-code');
    const alerts = await told(BACKUP, TRANSFER);
    expect(alerts).toMatchObject([{ event: 'failure', job: 'postgres', exit_code: 12 }]);
    expect(journal(TRANSFER)).toMatch(/Not secured: db1\/postgres to vault: connection lost/);
    expect(transferring()).toEqual([]);
    expect(recovers()).toMatchObject([{ event: 'recovery', job: 'postgres' }]);
  });

  it('systemctl stop in the middle ends it cleanly: told once, no orphan, nothing sealed', async () => {
    lab.setDump(LARGE);
    systemctl('start', '--no-block', BACKUP);
    await lab.writing('postgres');
    const sealed = await lab.secondary.sealed('postgres');
    await until(() => property(TRANSFER, 'StatusText').includes('postgres → vault: sending'));
    // Without logind nothing is inhibited, and nothing fails.
    expect(property(AWAKE, 'ActiveState')).not.toBe('failed');
    expect(systemctl('stop', BACKUP).code).toBe(0);
    await lab.settled(TRANSFER);
    expect(property(AWAKE, 'ActiveState')).toBe('inactive');
    expect(transferring()).toEqual([]);
    expect(await told(BACKUP, TRANSFER)).toMatchObject([{ event: 'failure', exit_code: 143 }]);
    expect(property(TRANSFER, 'ExecMainStatus')).toBe('143');
    expect(await lab.secondary.sealed('postgres')).toEqual(sealed);
    expect(recovers()).toMatchObject([{ event: 'recovery' }]);
  });

  it('a controller that is killed outright is told by its unit', async () => {
    lab.setDump(LARGE);
    systemctl('start', '--no-block', BACKUP);
    await lab.writing('postgres');
    lab.machine.must('systemctl', 'kill', '--signal=KILL', '--kill-who=main', TRANSFER);
    expect(await lab.settled(BACKUP)).toBe('failed');
    const alerts = await told(BACKUP, TRANSFER);
    expect(alerts).toMatchObject([
      { event: 'failure', job: 'postgres', subject: expect.stringContaining(`${TRANSFER} failed`) as string },
    ]);
    expect(alerts[0]?.body).toMatch(/killed by signal KILL/);
    expect(alerts[0]?.body).toMatch(/Last sealed snapshot: 2/);
    expect(transferring()).toEqual([]);
    expect(recovers()).toMatchObject([{ event: 'recovery' }]);
  });

  it('a transfer that runs into the limit of its unit tells it itself, and nobody tells it again', async () => {
    const limit = `/run/systemd/system/${TRANSFER}.d/zz-limit.conf`;
    lab.machine.must('sh', '-c', 'mkdir -p "${0%/*}" && printf "[Service]\\nTimeoutStartSec=3\\n" >"$0"', limit);
    lab.machine.must('systemctl', 'daemon-reload');
    lab.setDump(LARGE);
    expect(systemctl('start', BACKUP).code).not.toBe(0);
    expect(property(TRANSFER, 'Result')).toBe('timeout');
    expect(await told(BACKUP, TRANSFER)).toMatchObject([{ event: 'failure', exit_code: 143 }]);
    lab.machine.must('rm', limit);
    lab.machine.must('systemctl', 'daemon-reload');
    recovers();
  });

  it('a credential that is missing is named, and told through the channels that need none of it', async () => {
    const place = '/etc/offsite-rsync/credentials/vault-key';
    lab.machine.must('mv', place, `${place}.away`);
    try {
      expect(systemctl('start', BACKUP).code).not.toBe(0);
    } finally {
      lab.machine.must('mv', `${place}.away`, place);
    }
    const alerts = await told(BACKUP, TRANSFER);
    expect(alerts).toMatchObject([{ event: 'failure', exit_code: 3 }]);
    expect(alerts[0]?.body).toContain('vault-key');
    recovers();
  });

  it('the run itself in ExecStartPost= works as well, and when killed is told too', async () => {
    expect(systemctl('start', 'direct-backup.service').code).toBe(0);
    expect(await lab.secondary.sealed('direct')).toHaveLength(2);
    expect(lab.newAlerts()).toMatchObject([{ event: 'success', job: 'direct' }]);
    lab.setDump(LARGE);
    systemctl('start', '--no-block', 'direct-backup.service');
    await lab.writing('direct');
    lab.machine.must('systemctl', 'kill', '--signal=KILL', '--kill-who=control', 'direct-backup.service');
    expect(await lab.settled('direct-backup.service')).toBe('failed');
    expect(await told('direct-backup.service')).toMatchObject([{ event: 'failure', job: 'direct' }]);
    expect(transferring()).toEqual([]);
    lab.cutLine();
    try {
      expect(systemctl('start', 'direct-backup.service').code).not.toBe(0);
    } finally {
      await lab.mendLine();
    }
    expect(await told('direct-backup.service')).toMatchObject([{ event: 'failure', job: 'direct', exit_code: 10 }]);
  });

  it('with OnSuccess= the backup has ended, and the transfer follows', async () => {
    expect(systemctl('start', 'files-backup.service').code).toBe(0);
    expect(await lab.settled('files-backup.service')).toBe('inactive');
    await until(async () => (await lab.secondary.sealed('files')).length === 2);
    await lab.settled('offsite-rsync@files.service');
    lab.setDump('fail');
    expect(systemctl('start', 'files-backup.service').code).not.toBe(0);
    const alerts = await told('files-backup.service');
    expect(await lab.secondary.sealed('files')).toHaveLength(2);
    expect(alerts).toMatchObject([{ event: 'success' }, { event: 'failure' }]);
  });

  it('a marker that is touched starts the transfer, each time', async () => {
    for (const count of [2, 3]) {
      touchMarker();
      await until(async () => (await lab.secondary.sealed('marked')).length === count);
      await lab.settled('offsite-rsync@marked.service');
    }
    expect(lab.newAlerts()).toMatchObject([{ event: 'success' }, { event: 'success' }]);
  });

  it('units that a style cannot serve are refused, and a second writing changes nothing', () => {
    const refused = (unit: string, style: string) => {
      const words = ['postgres', '--backup-unit', unit, '--style', style, '--write'];
      const { code, stderr } = lab.machine.run('offsite-rsync', 'units', ...words);
      expect(code).toBe(2);
      return stderr;
    };
    expect(refused('simple-backup.service', 'exec-start-post')).toMatch(/Type=simple.*Use --style on-success/);
    expect(refused('staying-backup.service', 'on-success')).toMatch(/RemainAfterExit=yes.*Use --style exec-start-post/);
    const written = units('postgres', '--backup-unit', BACKUP, '--write');
    expect(written.match(/^\w+ +\/etc/gm)).toHaveLength(7);
    expect(written).not.toMatch(/^(made|replaced)|daemon-reload/m);
  });

  it('an administrator at a prompt verifies with the same credentials', () => {
    const { code, stdout, stderr } = lab.machine.run(
      ...['env', 'CREDENTIALS_DIRECTORY=/etc/offsite-rsync/credentials', 'offsite-rsync', 'verify', 'marked'],
    );
    expect(stdout + stderr).toContain('identical to the source');
    expect(code).toBe(0);
  });

  it('the timer of verify.schedule finds damage on the secondary, and it is told once', async () => {
    const timer = 'offsite-rsync-verify@marked.timer';
    const service = 'offsite-rsync-verify@marked.service';
    const now = `/run/systemd/system/${timer}.d/now.conf`;
    // Of its own it waits up to a quarter of an hour.
    lab.machine.must(
      'sh',
      '-c',
      'mkdir -p "${0%/*}" && printf "[Timer]\nRandomizedDelaySec=0\nAccuracySec=1s\n" >"$0"',
      now,
    );
    lab.machine.must('systemctl', 'daemon-reload');
    expect(systemctl('start', service).code, all()).toBe(0);
    expect(lab.newAlerts()).toEqual([]);
    const id = (await lab.secondary.sealed('marked')).at(-1) ?? '';
    flipByte(lab.secondary.path('marked', id, 'dump.sql'), 0);
    lab.machine.must('systemctl', 'start', timer);
    try {
      await until(() => systemctl('is-failed', service).stdout.trim() === 'failed', 90_000);
    } finally {
      lab.machine.must('systemctl', 'stop', timer);
    }
    expect(property(service, 'ExecMainStatus')).toBe('20');
    expect(await told(service)).toMatchObject([
      { event: 'failure', job: 'marked', subject: expect.stringContaining(`snapshot ${id} is damaged`) as string },
    ]);
    const status = lab.machine.run('offsite-rsync', 'status', 'marked');
    expect(status).toMatchObject({ code: 20, stdout: expect.stringContaining(id) as string });
    flipByte(lab.secondary.path('marked', id, 'dump.sql'), 0);
    expect(systemctl('start', service).code, all()).toBe(0);
  });

  it('the freshness check runs in its unit', () => {
    expect(systemctl('start', 'offsite-rsync-freshness.service').code, all()).toBe(0);
  });

  it('logind (a fake) is asked to wait, until the transfer has ended', async () => {
    const logind = await startFakeLogind(lab.machine);
    const wanted = ['sleep:shutdown', 'offsite-rsync', 'The backup postgres is being sent off-site', 'block'];
    try {
      expect(logind.inhibitors()).toEqual([]);
      lab.setDump(3 * 1024 * 1024);
      systemctl('start', '--no-block', BACKUP);
      await lab.writing('postgres');
      expect(logind.inhibitors()).toEqual(wanted);
      expect(await lab.settled(BACKUP), all()).toBe('inactive');
      await until(() => logind.inhibitors().length === 0);
      expect(lab.newAlerts()).toMatchObject([{ event: 'success', job: 'postgres' }]);
    } finally {
      logind.stop();
    }
  });

  function touchMarker() {
    lab.machine.must('make-dump', '/var/backups/marked');
    lab.machine.must('touch', '/var/lib/lab/marked.done');
  }

  /** Neither in the journal, nor in the state, nor in a unit. */
  function expectNoSecret() {
    const journalOfAll = lab.machine.must('journalctl', '--no-pager', '--output=export');
    const state = lab.machine.must('sh', '-c', 'cat $(find /var/lib/offsite-rsync /etc/systemd/system -type f)');
    for (const canary of lab.canaries) {
      expect(journalOfAll).not.toContain(canary);
      expect(state).not.toContain(canary);
    }
  }

  /** All alerts since the last look, once `OnFailure=` of each of these units has run again. */
  async function told(...failed: string[]) {
    for (const unit of failed) {
      const before = alertsRun.get(unit) ?? 0;
      const finished = () => all().split(`Finished offsite-rsync-alert@${unit}.service`).length - 1;
      await until(() => finished() > before);
      alertsRun.set(unit, finished());
    }
    return lab.newAlerts();
  }

  /** The next backup succeeds without help; returns its alerts. */
  function recovers() {
    lab.setDump(SMALL);
    const { code } = systemctl('start', BACKUP);
    expect(code, all()).toBe(0);
    return lab.newAlerts();
  }
});
