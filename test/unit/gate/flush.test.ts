import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beginFlush, flush } from '../../../remote-scripts/gate/flush.ts';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'offsite-flush-'))));
afterEach(() => rmSync(directory, { recursive: true }));

describe('flushing the file system of a snapshot', () => {
  it('returns once all is on the disk', () => {
    expect(() => flush(directory)).not.toThrow();
  });

  it('says so when it cannot be done: nothing may be sealed then', () => {
    expect(() => flush(join(directory, 'missing'))).toThrow('sync(1) ended with 1');
  });

  it('does not fail when it is only a head start', async () => {
    await expect(beginFlush(directory)).resolves.toBeUndefined();
    await expect(beginFlush(join(directory, 'missing'))).resolves.toBeUndefined();
  });
});
