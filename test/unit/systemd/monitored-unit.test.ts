import { describe, expect, it } from 'vitest';
import { parseUnitFacts } from '../../../src/systemd/ask-systemd.ts';
import { jobOfUnit, judgeUnit, monitoredEnd } from '../../../src/systemd/monitored-unit.ts';

const OWN = 'offsite-rsync@postgres.service';

function end(unit: string, result: string, exitCode?: string, exitStatus?: string) {
  return monitoredEnd(unit, {
    MONITOR_SERVICE_RESULT: result,
    MONITOR_EXIT_CODE: exitCode,
    MONITOR_EXIT_STATUS: exitStatus,
  });
}

/** As `systemctl show` of systemd 252 prints it. */
function afterStart(argv: string, code?: string, status = 0) {
  const path = argv.split(' ')[0] ?? '';
  const ended =
    code === undefined
      ? 'start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0'
      : `start_time=[Mon 2026-11-23 02:15:00 UTC] ; stop_time=[Mon 2026-11-23 02:16:00 UTC] ; pid=71 ; code=${code} ; status=${status}`;
  return parseUnitFacts([
    'Type=oneshot',
    'LoadState=loaded',
    `ExecStartPost={ path=${path} ; argv[]=${argv} ; ignore_errors=no ; ${ended} }`,
  ]).afterStart;
}

const WAIT = `/usr/bin/systemctl start ${OWN}`;
const RUN = '/usr/local/bin/offsite-rsync run postgres';

it('a command of an ordinary user waits for a transfer of ours as well', () => {
  const unit = end('pg-backup.service', 'exit-code', 'exited', '0');
  const waited = (line: string) =>
    judgeUnit(unit, [{ line: `${line} start offsite-rsync@postgres.service`, code: 'exited', status: 4 }]);
  expect(waited('/usr/bin/systemctl --user')).toMatchObject({ kind: 'untold', job: 'postgres' });
  expect(waited('/usr/bin/systemctl --user')).toMatchObject({ why: expect.stringContaining('--user start') as string });
});

describe('a transfer of ours', () => {
  it.each([1, 2, 3, 4, 12, 20, 143, 77, 203])(
    'that ended by itself with %i is asked: a code does not say who knows',
    (code) => {
      expect(judgeUnit(end(OWN, 'exit-code', 'exited', String(code)), [])).toMatchObject({
        kind: 'ask',
        job: 'postgres',
        code,
      });
    },
  );

  it('that was ended by the limit of its unit, and came to its end all the same, is asked too', () => {
    expect(judgeUnit(end(OWN, 'timeout', 'exited', '143'), [])).toMatchObject({ kind: 'ask', code: 143 });
  });

  it.each([
    ['signal', 'killed', 'KILL', /killed by signal KILL/],
    ['core-dump', 'dumped', 'ABRT', /signal ABRT and left a core dump/],
    ['timeout', 'killed', 'KILL', /longer than the unit allows/],
    ['oom-kill', 'killed', 'KILL', /memory of this host ran out/],
    ['resources', undefined, undefined, /something that the unit needs is missing/],
    ['start-limit-hit', 'exited', '0', /too often/],
    // The code is that of the start before, which may have told.
    ['start-limit-hit', 'exited', '12', /too often/],
  ])('that ended as %s, %s, %s has not told it', (result, code, status, why) => {
    const verdict = judgeUnit(end(OWN, result, code, status), []);
    expect(verdict).toMatchObject({ kind: 'untold', job: 'postgres', why: expect.stringMatching(why) as string });
  });

  it.each([
    ['203', /node or offsite-rsync missing/],
    ['243', /credentials could not be read/],
    ['77', /exit code 77/],
  ])('that ended with %s has words for it, should nobody know', (status, why) => {
    expect(judgeUnit(end(OWN, 'exit-code', 'exited', status), [])).toMatchObject({
      why: expect.stringMatching(why) as string,
    });
  });

  it('is known by its name', () => {
    expect(jobOfUnit('offsite-rsync@my-db.2.service')).toBe('my-db.2');
    expect(jobOfUnit('offsite-rsync-alert@offsite-rsync@db.service.service')).toBe(undefined);
    expect(jobOfUnit('pg-backup.service')).toBe(undefined);
  });
});

describe('a backup unit', () => {
  const backup = (result: string, code?: string, status?: string) => end('pg-backup.service', result, code, status);

  it('whose backup failed is told unless a process of ours has left a note: there is nothing to send', () => {
    expect(judgeUnit(backup('exit-code', 'exited', '12'), afterStart(WAIT))).toEqual({
      kind: 'ask',
      code: 12,
      job: 'postgres',
      why: 'it ended with exit code 12',
    });
    expect(judgeUnit(backup('exit-code', 'exited', '1'), [])).toMatchObject({ kind: 'ask', job: undefined });
  });

  it.each([
    ['failed', 'exited', 1],
    ['was stopped', 'killed', 15],
    ['was sent, and something after it failed', 'exited', 0],
  ])('that waited for a transfer that %s leaves it to that one to tell', (_, code, status) => {
    expect(judgeUnit(backup('exit-code', 'exited', '0'), afterStart(WAIT, code, status))).toEqual({ kind: 'told' });
  });

  it('that could not start the transfer is told', () => {
    expect(judgeUnit(backup('exit-code', 'exited', '0'), afterStart(WAIT, 'exited', 5))).toMatchObject({
      kind: 'untold',
      job: 'postgres',
      why: expect.stringContaining('exit code 5') as string,
    });
  });

  it('that failed before the transfer had its turn is told', () => {
    expect(judgeUnit(backup('exit-code', 'exited', '0'), afterStart(WAIT))).toMatchObject({ kind: 'untold' });
  });

  it('with the run itself in ExecStartPost= is judged by how that ended', () => {
    const judge = (code: string, status: number, result = 'exit-code') =>
      judgeUnit(backup(result, 'exited', '0'), afterStart(RUN, code, status));
    expect(judge('exited', 12)).toMatchObject({ kind: 'ask', job: 'postgres', code: 12 });
    expect(judge('exited', 0)).toEqual({ kind: 'told' });
    expect(judge('killed', 9, 'signal')).toMatchObject({
      kind: 'untold',
      job: 'postgres',
      why: 'it was killed by signal 9',
    });
  });

  it('finds the run behind node, and its job behind options', () => {
    const line = '/usr/bin/node /opt/offsite-rsync/dist/cli.js run --force postgres --config /etc/c.yaml';
    expect(judgeUnit(backup('signal', 'exited', '0'), afterStart(line, 'killed', 9))).toMatchObject({
      job: 'postgres',
    });
  });
});

describe('the freshness check', () => {
  it('that found something stale is asked; one that broke has told nobody', () => {
    const unit = 'offsite-rsync-freshness.service';
    expect(judgeUnit(end(unit, 'exit-code', 'exited', '40'), [])).toMatchObject({ kind: 'ask', code: 40 });
    expect(judgeUnit(end(unit, 'signal', 'killed', 'SEGV'), [])).toMatchObject({ kind: 'untold', job: undefined });
  });
});
