import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeUnits } from '../../../src/systemd/write-units.ts';

const FILES = [
  { path: 'a.service.d/offsite-rsync.conf', text: '[Service]\n' },
  { path: 'b.service', text: '[Unit]\n' },
];

describe('writing units', () => {
  let root = '';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'offsite-units-'));
  });
  afterEach(() => rm(root, { recursive: true }));
  const at = (name: string) => join(root, 'etc/systemd/system', name);

  it('makes what is missing, and the second time changes nothing', async () => {
    expect((await writeUnits(FILES, '/etc/systemd/system', root, false)).map(({ change }) => change)).toEqual([
      'made',
      'made',
    ]);
    expect(await readFile(at('a.service.d/offsite-rsync.conf'), 'utf8')).toBe('[Service]\n');
    expect((await stat(at('b.service'))).mode & 0o777).toBe(0o644);
    const { mtimeNs } = await stat(at('b.service'), { bigint: true });
    expect((await writeUnits(FILES, '/etc/systemd/system', root, false)).map(({ change }) => change)).toEqual([
      'unchanged',
      'unchanged',
    ]);
    expect((await stat(at('b.service'), { bigint: true })).mtimeNs).toBe(mtimeNs);
  });

  it('replaces what differs, and leaves other files alone', async () => {
    await writeUnits(FILES, '/etc/systemd/system', root, false);
    await writeFile(at('b.service'), 'old');
    await writeFile(at('a.service.d/own.conf'), 'mine');
    expect(await writeUnits(FILES, '/etc/systemd/system', root, false)).toEqual([
      { path: '/etc/systemd/system/a.service.d/offsite-rsync.conf', change: 'unchanged' },
      { path: '/etc/systemd/system/b.service', change: 'replaced' },
    ]);
    expect(await readFile(at('a.service.d/own.conf'), 'utf8')).toBe('mine');
  });

  it('says what it would do, and does nothing', async () => {
    expect((await writeUnits(FILES, '/etc/systemd/system', root, true)).map(({ change }) => change)).toEqual([
      'made',
      'made',
    ]);
    await expect(stat(join(root, 'etc'))).rejects.toThrow(/ENOENT/);
  });
});
