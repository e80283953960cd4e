import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkState } from '../../../remote-scripts/gate/check/state-files.ts';
import { hostPlaces, jobPaths } from '../../../remote-scripts/store/places.ts';
import { isName } from '../../../src/shared/names.ts';

const host = hostPlaces({ root: '/srv/offsite', stateDir: '/var/lib/offsite-rsync' }, 'db1');
const job = jobPaths(host, 'postgres');

describe('the places of a host', () => {
  it('lie below its root or its state directory, and no two are the same', () => {
    const all = Object.values<string>({ ...host, ...job });
    expect(new Set(all).size).toBe(all.length);
    for (const path of all) expect(`${path}/`).toMatch(/^\/(srv\/offsite|var\/lib\/offsite-rsync)\/db1\//);
  });

  it('keep the trash apart from every job', () => {
    expect(dirname(host.trash)).toBe(dirname(job.snapshots));
    expect(isName(host.trash.slice(host.root.length + 1))).toBe(false);
  });
});

describe('--check', () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'offsite-places-'));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  const inState = Object.entries({ ...host, ...job })
    .filter(([name, path]) => name !== 'state' && path.startsWith(host.state))
    .map(([name, path]) => [name, path.slice(host.state.length + 1)] as const);

  it.each(inState)('names a link that lies in the place of what the store calls %s', async (_name, below) => {
    const path = join(base, below);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync('elsewhere', path);
    expect(await checkState(base)).toEqual([
      expect.objectContaining({ text: expect.stringContaining(`${path} is a symbolic link`) as string }),
    ]);
  });
});
