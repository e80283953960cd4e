import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FailedWriteError } from '../../../remote-scripts/store/syncing.ts';
import type { GateSettings } from '../../../remote-scripts/gate/settings.ts';
import { distrustAllJobs, flushOrDistrust } from '../../../remote-scripts/gate/unflushed.ts';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'offsite-unflushed-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const paths = () => ({ unflushed: join(directory, 'db.unflushed'), snapshots: directory });
/** What another job does that was told of a failed write. */
const tell = () =>
  distrustAllJobs({ hostState: directory, hostRoot: directory, jobs: ['db'] } as unknown as GateSettings);

it('a flush that was good leaves no note', async () => {
  await flushOrDistrust(paths());
  expect(readdirSync(directory)).toEqual([]);
});

it('what another job was told before the flush counts, and its note stands', async () => {
  await tell();
  await expect(flushOrDistrust(paths())).rejects.toThrow(FailedWriteError);
  expect(readdirSync(directory)).toEqual(['db.unflushed']);
});

it('what another job was told during the flush counts, and its note stands', async () => {
  await expect(flushOrDistrust(paths(), tell)).rejects.toThrow(FailedWriteError);
  expect(readdirSync(directory)).toEqual(['db.unflushed']);
});
