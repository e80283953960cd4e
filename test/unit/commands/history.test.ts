import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import width from 'string-width';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { history, type HistoryOptions } from '../../../src/commands/history/history.ts';
import { keepLastRuns } from '../../../src/insight/last-runs.ts';
import { sparkline } from '../../../src/insight/sparkline.ts';
import { runRecord, writeStateDirectory } from '../insight/support/records.ts';
import { makeConfig, testContext, type ConfigDirectory } from './support.ts';

const NOW = '2026-11-23T08:00:00Z';
let place: ConfigDirectory;

beforeEach(async () => {
  place = await makeConfig({ postgres: { source: '/x' }, files: { source: '/y' } });
  await writeStateDirectory(place.state, [
    runRecord('2026-11-20T02:16:00Z', { job: 'gone' }),
    runRecord('2026-11-21T02:16:00Z'),
    runRecord('2026-11-22T02:16:00Z', {
      outcome: 'secondary-full',
      attempts: 3,
      reason: `rsync: \u001b[31mwrite failed\n${'x'.repeat(200)}`,
    }),
    runRecord('2026-11-22T12:00:00Z', { job: 'files' }),
    runRecord('2026-11-23T02:16:00Z', { bytes: 1024 ** 3 }),
  ]);
});

afterEach(() => place.remove());

async function ask(job?: string, options: Partial<HistoryOptions> = {}, columns?: number) {
  const context = testContext(NOW, { columns });
  expect(await history(job, { config: place.config, ...options }, context)).toBe(0);
  return { rows: context.said().trimEnd().split('\n'), lines: context.lines };
}

describe('history', () => {
  it('shows the runs, the newest at the bottom', async () => {
    const { rows } = await ask();
    expect(rows).toHaveLength(6);
    expect(rows[1]).toContain('gone → vault');
    expect(rows[5]).toMatch(
      /^2026-11-23 02:16:00 {2}postgres → vault +✓ sealed +2 min +1\.00 GiB +19\.5 KiB +99\.99 % {2}2026-11-23T021600Z$/,
    );
  });

  it('says what was wrong with a failed run, in one line without control characters', async () => {
    const { rows } = await ask('postgres');
    expect(rows).toHaveLength(4);
    expect(rows[2]).toMatch(/✗ secondary full +2 min \(3 attempts\) +3\.00 GiB +– +– {2}rsync: \[31mwrite failed$/);
  });

  it('keeps to the newest when there are too many', async () => {
    const { rows } = await ask(undefined, { limit: '2' });
    expect(rows.slice(1).map((row) => row.slice(0, 10))).toEqual(['2026-11-22', '2026-11-23']);
    await expect(ask(undefined, { limit: '0' })).rejects.toThrow('--limit 0: write a whole number from 1 to 100000.');
    await expect(ask(undefined, { limit: '1e3' })).rejects.toThrow('--limit 1e3');
  });

  it.each([80, 50])('fits %i columns: what is needed least goes first', async (columns) => {
    const { rows } = await ask(undefined, {}, columns);
    for (const row of rows) expect(width(row)).toBeLessThanOrEqual(columns);
    const text = rows.join('\n');
    for (const word of [
      '2026-11-23 02:16:00',
      'postgres → vault',
      '✓ sealed',
      '2026-11-23T021600Z',
      'rsync: [31mwrite failed',
    ])
      expect(text).toContain(word);
  });

  it('keeps to one line a run on 100 columns', async () => {
    const { rows } = await ask('files', {}, 100);
    expect(rows[1]).toMatch(
      /^2026-11-22 12:00:00 {2}files → vault {2}✓ sealed {2}2 min {2}3.00 GiB {2}19.5 KiB {2}2026-11-22T120000Z$/,
    );
  });

  it('draws the course of size and traffic on a terminal only', async () => {
    expect((await ask('postgres', {}, 100)).rows.join('\n')).toMatch(
      /size {2}█×▁ {2}1\.00 GiB to 3\.00 GiB\n {2}sent {2}▅×▅ {2}19\.5 KiB to 19\.5 KiB$/,
    );
    expect((await ask('postgres')).rows.join('\n')).not.toContain('█');
  });

  it('gives programs the records as they are stored, all of them unless there is a limit', async () => {
    const { rows } = await ask(undefined, { json: true });
    expect(rows.map((row) => (JSON.parse(row) as { job: string }).job)).toEqual([
      'gone',
      'postgres',
      'postgres',
      'files',
      'postgres',
    ]);
    expect((await ask('files', { json: true, limit: '1' })).rows).toHaveLength(1);
  });

  it('says how many lines cannot be read, and shows the rest', async () => {
    await appendFile(join(place.state, 'history.jsonl'), 'half a li');
    const { rows, lines } = await ask();
    expect(rows).toHaveLength(6);
    expect(lines).toEqual([{ level: 'warning', text: '1 line of the history cannot be read and is left out.' }]);
  });

  it('takes no longer for each run when there are many', async () => {
    const line = JSON.stringify(runRecord('2026-11-22T02:16:00Z'));
    // Of the processor: what else this machine does counts for nothing.
    const cost = async (count: number) => {
      await writeFile(join(place.state, 'history.jsonl'), `${line}\n`.repeat(count));
      const start = process.cpuUsage();
      expect((await ask(undefined, { limit: String(count) })).rows).toHaveLength(count + 1);
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    await cost(1000);
    // Four times as many take four times as long: a square would be sixteen.
    const [few, many] = [await cost(5000), await cost(20_000)];
    expect(many).toBeLessThan(8 * few);
  });

  it('is empty before the first run', async () => {
    await place.remove();
    place = await makeConfig({ postgres: { source: '/x' } });
    expect((await ask()).rows).toEqual(['No run is recorded yet.']);
  });
});

describe('the last runs', () => {
  it('are kept in order, however many there were', () => {
    for (const count of [0, 1, 2, 3, 4, 7]) {
      const { add, list } = keepLastRuns(3);
      const all = Array.from({ length: count }, (_, day) => runRecord(`2026-11-0${day + 1}T00:00:00Z`));
      all.forEach(add);
      expect(list()).toEqual(all.slice(-3));
    }
  });
});

describe('a sparkline', () => {
  it('goes from the least to the greatest, with gaps', () => {
    expect(sparkline([0, undefined, 50, 100])).toBe('▁×▅█');
    expect(sparkline([7, 7])).toBe('▅▅');
    expect(sparkline([])).toBe('');
  });
});
