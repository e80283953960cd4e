import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChainLab, type ChainLab } from './support/chain-lab.ts';

/** Units as somebody may write them by hand: each hides a part of what `units` would show. */
const BY_HAND: readonly (readonly [job: string, settings: readonly string[], hidden: string])[] = [
  ['homes', ['ProtectHome=yes'], 'it'],
  ['homes', ['ProtectHome=tmpfs', 'BindReadOnlyPaths=/home/db'], 'it'],
  ['homes', ['InaccessiblePaths=/home/db'], 'db'],
  ['homes', ['InaccessiblePaths=/home/db/dump.sql'], 'db/dump.sql'],
  ['homes', ['TemporaryFileSystem=/home/db', 'MountFlags=private'], 'db'],
  ['var', ['PrivateTmp=yes'], 'tmp'],
  ['var', ['TemporaryFileSystem=/var/lab'], 'lab'],
];

const SOURCES: Readonly<Record<string, string>> = {
  homes: '/home',
  linked: '/srv/to-home',
  var: '/var',
};

describe('a source that a sandbox hides, under a real systemd', () => {
  let lab: ChainLab;
  let stop = () => Promise.resolve();
  const must = (...words: string[]) => lab.machine.must(...words);
  const write = (path: string, text: string) => must('sh', '-c', 'printf "%s" "$1" >"$0"', path, text);
  const journal = (unit: string) => must('journalctl', '--no-pager', '--output=cat', `--unit=${unit}`);

  beforeAll(async () => {
    lab = await startChainLab({ 'a-backup.service': '[Service]\nType=oneshot\nExecStart=/bin/true\n' }, [
      ...Object.keys(SOURCES),
    ]);
    stop = () => lab.stop();
    const path = '/etc/offsite-rsync/config.yaml';
    const config = JSON.parse(lab.machine.read(path)) as { jobs: Record<string, Record<string, unknown>> };
    for (const [job, source] of Object.entries(SOURCES)) {
      const exclude =
        job === 'var' ? ['/lib', '/log', '/cache', '/backups'] : ['/[!d]*']; /* what else this machine has there */
      config.jobs[job] = { ...config.jobs[job], source, exclude };
    }
    write(path, JSON.stringify(config));
    must('sh', '-c', 'mkdir -p /home/db /var/lab && echo dump >/home/db/dump.sql && echo dump >/var/lab/dump.sql');
    must(
      'sh',
      '-c',
      'echo dump >/var/tmp/dump.sql; mkdir /home/deep; ln -s ../deep /home/db/deep; ln -s /home/db /srv/to-home',
    );
    for (const job of Object.keys(SOURCES)) {
      must('offsite-rsync', 'units', job, '--backup-unit', 'a-backup.service', '--style', 'on-success', '--write');
    }
    must('systemctl', 'daemon-reload');
  });
  afterAll(() => stop());

  it.each([
    ['homes', 'db/dump.sql'],
    ['linked', 'dump.sql'],
    ['var', 'tmp/dump.sql'],
  ])('is whole in the services that `units` writes: %s', async (job, file) => {
    const unit = `offsite-rsync@${job}.service`;
    expect(lab.machine.run('systemctl', 'start', unit).code, journal(unit)).toBe(0);
    const [id = ''] = await lab.secondary.sealed(job);
    expect(await readFile(lab.secondary.path(job, id, file), 'utf8')).toBe('dump\n');
  });

  it.each(BY_HAND)('is not sent by a unit of somebody’s own: %s with %j', async (job, settings, hidden) => {
    const before = await lab.secondary.entries(job);
    const unit = `by-hand-${BY_HAND.findIndex((row) => row[1] === settings)}.service`;
    const text = must(
      'cat',
      `/etc/systemd/system/offsite-rsync@.service`,
      `/etc/systemd/system/offsite-rsync@${job}.service.d/job.conf`,
    );
    const credentials = text.split('\n').filter((line) => /^(Load|Set)Credential=/.test(line));
    const lines = [
      '[Service]',
      'Type=oneshot',
      ...credentials,
      ...settings,
      `ExecStart=/usr/local/bin/offsite-rsync run ${job}`,
    ];
    write(`/run/systemd/system/${unit}`, `${lines.join('\n')}\n`);
    must('systemctl', 'daemon-reload');
    expect(lab.machine.run('systemctl', 'start', unit).code).not.toBe(0);
    expect(must('systemctl', 'show', '--value', '--property=ExecMainStatus', unit).trim(), journal(unit)).toBe('16');
    expect(journal(unit)).toContain(`${hidden} is covered by`);
    expect(await lab.secondary.entries(job)).toEqual(before);
    expect(lab.newAlerts().at(-1)).toMatchObject({ event: 'failure', job, exit_code: 16 });
  });
});
