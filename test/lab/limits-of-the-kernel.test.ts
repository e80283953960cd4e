import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remember } from '../ssh/support/as-it-was.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

let secondary: Secondary;
let primary: Primary;
let putBack: () => void;
const at = (name: string) => join(primary.directory, name);

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'db');
  await primary.configure();
  await writeFile(join(primary.source, 'dump.sql'), 'text\n');
  putBack = remember(secondary.sshd.directory, [primary.directory, secondary.root]);
});
beforeEach(() => putBack());
afterAll(async () => {
  spawnSync('rm', ['-rf', secondary.path('db', '.')]); // node cannot remove such paths
  await primary.stop();
  await secondary.stop();
});

/** Does something in Python, which can go where paths are too long for one call. */
function python(code: string, ...args: string[]): void {
  const { status, stderr } = spawnSync('python3', ['-I', '-c', code, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

describe('a path that is too long for the secondary', () => {
  afterEach(() => void spawnSync('rm', ['-rf', join(primary.source, 'x'.repeat(240))]));

  // Each run meets another end of rsync: that it cannot stat, then that the two do not understand each other (code 2).
  it('is named in every run, with its length and what to do, and nothing is sealed', async () => {
    python(MAKE_PATH, primary.source, '4070');
    const before = await secondary.sealed('db');
    for (let run = 0; run < 3; run++) {
      const end = await primary.call('run', 'db', '--force');
      expect(end.code, end.stderr).toBe(17);
      expect(end.stderr).toMatch(/the source holds a path of 4,?070 bytes, too long for the secondary.*: xxx/);
      expect(end.stderr).toMatch(/What to do: Shorten that path, or exclude it/);
      expect(end.alerts.map(({ event }) => event)).toEqual(['failure']);
    }
    expect(await secondary.sealed('db')).toEqual(before);
    spawnSync('rm', ['-rf', join(primary.source, 'x'.repeat(240))]);
    expect(await primary.call('run', 'db', '--force')).toMatchObject({ code: 0 });
  });
});

it('a path that is too long for this host’s own tools is told with that cause, by a run and by verify', async () => {
  await primary.secure();
  python(MAKE_PATH, primary.source, '4090', '10');
  const run = await primary.call('run', 'db', '--force');
  const verify = await primary.call('verify', 'db');
  spawnSync('rm', ['-rf', join(primary.source, 'x'.repeat(240))]);
  for (const { code, stdout, stderr } of [run, verify]) {
    expect(code, stderr).toBe(16);
    expect(stdout + stderr).toMatch(/cannot be read in full: .* failed: File name too long \(36\)$/m);
  }
  expect(run.alerts[0]?.reason).toMatch(/File name too long/);
});

describe('an ACL with more entries than an xattr of the secondary can hold', () => {
  it('is not taken for a full secondary', async () => {
    // As many as ext4 takes; rsync's form of them needs a little more.
    python(SET_ACL, join(primary.source, 'dump.sql'), '503');
    const end = await primary.call('run', 'db', '--force');
    expect(end.code, end.stderr).toBe(17);
    expect(end.stderr).toMatch(/an ACL has more entries than .* can hold .*\(rsync: set_xattr_acl/);
    expect(end.stderr).toMatch(/What to do: Shorten the ACL of the file/);
    expect(end.stderr).not.toContain('secondary full');
    python(REMOVE_ACL, join(primary.source, 'dump.sql'));
    await primary.secure();
  });
});

describe('a shell that stands in a directory which was removed', () => {
  it('can back up, and people are told what comes of it', async () => {
    await mkdir(at('gone'));
    primary.wrapper = ['sh', '-c', 'cd "$0" && rmdir "$0" && exec "$@"', at('gone')];
    const end = await primary.call('run', 'db', '--force');
    primary.wrapper = [];
    expect(end.code, end.stderr).toBe(0);
    expect(end.stderr).toContain('current directory no longer exists');
    expect(end.alerts.map(({ event }) => event)).toContain('success');
  });
});

// Python brings what the package `acl` would have to be installed for. A tag, a permission, an id: acl(5).
const SET_ACL = `
import os, struct, sys
ALL = 0xffffffff
users = [(2, 4, 20000 + index) for index in range(int(sys.argv[2]))]
entries = [(1, 6, ALL), *users, (4, 4, ALL), (16, 4, ALL), (32, 4, ALL)]
os.setxattr(sys.argv[1], 'system.posix_acl_access', struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in entries))
`;

const REMOVE_ACL = `
import os, sys
os.removexattr(sys.argv[1], 'system.posix_acl_access')
`;

const MAKE_PATH = `
import os, sys
os.chdir(sys.argv[1])
left = int(sys.argv[2])
last = int((sys.argv + ['242'])[3])
while left > last:
    part = min(240, left - 2)
    os.mkdir('x' * part); os.chdir('x' * part)
    left -= part + 1
open('f' * left, 'w').write('text')
`;
