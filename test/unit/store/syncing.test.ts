import { mkdtempSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { processesNaming } from '../../support/processes.ts';
import { beginFlush, FailedWriteError, flush } from '../../../remote-scripts/store/syncing.ts';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'offsite-flush-'))));
afterEach(() => rmSync(directory, { recursive: true }));

describe('flushing the file system of a snapshot', () => {
  it('returns once all is on the disk', () => {
    expect(() => flush(directory)).not.toThrow();
  });

  it('says so when it cannot be done: nothing may be sealed then (a disk that fails: lab/failed-write)', () => {
    expect(() => flush(join(directory, 'missing'))).toThrow(FailedWriteError);
    expect(() => flush(join(directory, 'missing'))).toThrow(/sync: error opening .*missing/);
  });
});

describe('the head start', () => {
  it('neither waits nor fails, also where its lock cannot be had', () => {
    expect(() => beginFlush(join(directory, 'missing/lock'))).not.toThrow();
  });

  it('does not wait for its turn while the one before it still does, say for a file system that hangs', async () => {
    const lock = join(directory, 'lock');
    const words = ['--no-fork', lock, 'sh', '-c', 'echo; exec sleep 60'];
    const hanging = spawn('flock', words, { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void hanging.kill('SIGKILL'));
    await once(hanging.stdout, 'data');
    beginFlush(lock);
    await expect.poll(() => processesNaming(lock)).toEqual([]); // a sync does not name it, nor does the sleep
    expect(hanging.exitCode).toBeNull();
  });
});
