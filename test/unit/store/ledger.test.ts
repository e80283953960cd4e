import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseAttempts, readAttempts, recordAttempt } from '../../../remote-scripts/store/ledger.ts';
import { parseSnapshotId, snapshotIdOf } from '../../../src/shared/snapshot-id.ts';

const ID = parseSnapshotId('2026-11-23T021500Z')!;
const TIME = new Date('2026-11-23T02:15:01.000Z');

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-ledger-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('gives back what was noted, in a file of the account alone', async () => {
  const path = join(directory, 'db.attempts.jsonl');
  expect(await readAttempts(path)).toEqual([]);
  await recordAttempt(path, { id: ID, time: TIME }, '192.0.2.1');

  expect(await readAttempts(path)).toEqual([{ id: ID, time: TIME }]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('passes over damaged lines and keeps those around them', () => {
  const good = JSON.stringify({ time: TIME.toISOString(), id: ID });
  const damaged = ['', '{"time":"2026-', 'null', '7', '{"id":7,"time":"x"}', `{"id":"${ID}","time":"soon"}`, '\0\0\0'];

  expect(parseAttempts([good, ...damaged, good].join('\n'))).toHaveLength(2);
});

test('goes on after a line that a crash cut short', async () => {
  const path = join(directory, 'db.attempts.jsonl');
  await writeFile(path, '{"time":"2026-11-2');
  await recordAttempt(path, { id: ID, time: TIME }, '192.0.2.1');

  expect(await readAttempts(path)).toEqual([{ id: ID, time: TIME }]);
});

test('finds the highest id and a whole day in a long ledger', async () => {
  const path = join(directory, 'db.attempts.jsonl');
  const lines = Array.from({ length: 20_000 }, (_, index) => {
    const time = new Date(TIME.getTime() + index * 60_000);
    return JSON.stringify({
      time: time.toISOString(),
      id: snapshotIdOf(time),
      client: '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff',
    });
  });
  await writeFile(path, `${lines.join('\n')}\n`);
  const attempts = await readAttempts(path);

  expect(attempts.length).toBeGreaterThan(1000);
  expect(attempts.at(-1)?.id).toBe(snapshotIdOf(new Date(TIME.getTime() + 19_999 * 60_000)));
});
