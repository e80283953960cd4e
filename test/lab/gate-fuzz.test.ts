import { spawnSync } from 'node:child_process';
import { link, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startGateHost, type GateHost } from '../ssh/support/gate-host.ts';
import { removeTree } from '../ssh/support/remove-tree.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { recordTree } from '../ssh/support/tree-record.ts';
import { tellSeed } from '../support/seed.ts';

/*
 * Random hostile sources against a sealed snapshot. Every push may link to it, so each shares its inodes: whatever the
 * source says of content, hard links, kinds, modes, owners, times and ACLs must not get through to them.
 */

/** Pushes for each kind of metadata; more when somebody looks for trouble. */
const ROUNDS = Number(process.env.ATTACK_ROUNDS ?? 8);

let host: GateHost;
let sealed: SnapshotId;
let before: string[];

const record = () => [
  ...recordTree(join(host.jobDirectory, sealed)),
  ...recordTree(join(host.jobDirectory, `${sealed}.sealed`)),
];

beforeAll(async () => {
  host = await startGateHost();
});
afterAll(() => host.stop());

test.each(['fake_super', 'plain'] as const)(
  'a sealed snapshot outlives random hostile pushes (%s)',
  async (metadata) => {
    await host.configure({ metadata });
    await removeTree(host.source);
    await mkdir(host.source);
    await fillSampleTree(host.source);
    const earlier = await host.store();
    sealed = await host.store({ bases: [earlier] });
    before = record();
    const seed = tellSeed(`hostile pushes, ${metadata}`);

    let pushed = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const hostile = join(host.source, '..', 'hostile');
      await removeTree(hostile);
      // With its metadata: what is left as it is will be linked.
      expect(spawnSync('cp', ['-a', `${host.source}/.`, hostile]).status).toBe(0);
      const mutation = spawnSync('python3', ['-I', '-c', MUTATE, hostile, String(seed + round)], { encoding: 'utf8' });
      expect(mutation.stderr).toBe('');
      const id = host.nextId();
      const push = host.pushArguments(id, { bases: round % 2 === 0 ? [sealed] : [earlier, sealed], source: hostile });
      const end = await host.rsync([...(round % 3 === 0 ? ['-c'] : []), ...push]);
      expect(end.stderr).not.toMatch(/offsite-gate: (?!linked)/);
      if (end.code === 0) pushed += 1;
      if (round % 4 === 0) await host.verify(sealed, { source: hostile });
      expect(record(), `round ${round}: ${mutation.stdout}`).toEqual(before);
    }
    // A push that always breaks off would prove little.
    expect(pushed).toBeGreaterThan(ROUNDS / 3);
  },
);

test('a push whose hard links tie together what is apart in the snapshot, and the other way round', async () => {
  await host.configure({});
  await removeTree(host.source);
  await mkdir(host.source);
  for (const name of ['a', 'b', 'c']) await writeFile(join(host.source, name), 'the same\n', { mode: 0o600 });
  await link(join(host.source, 'c'), join(host.source, 'd'));
  spawnSync('touch', ['-d', '2026-01-01T00:00:00Z', ...['a', 'b', 'c'].map((name) => join(host.source, name))]);
  sealed = await host.store();
  before = record();

  const tied = join(host.source, '..', 'tied');
  await mkdir(tied);
  expect(spawnSync('cp', ['-p', join(host.source, 'a'), join(tied, 'a')]).status).toBe(0);
  for (const name of ['b', 'c']) await link(join(tied, 'a'), join(tied, name));
  expect(spawnSync('cp', ['-p', join(host.source, 'a'), join(tied, 'd')]).status).toBe(0);
  for (const mode of ['600', '777', '4755']) {
    spawnSync('chmod', [mode, join(tied, 'a')]);
    expect((await host.push(host.nextId(), { bases: [sealed], source: tied })).code).toBe(0);
    expect(record()).toEqual(before);
  }
  expect(await readFile(join(host.jobDirectory, sealed, 'a'), 'utf8')).toBe('the same\n');
});

// A few random changes to a tree, each of a kind that the holder of the key can send. Names are never touched by a
// shell, and links point to where they could do harm.
const MUTATE = `
import os, random, stat, subprocess, sys
root, rng = sys.argv[1], random.Random(int(sys.argv[2]))
def entries():
    found = []
    for base, directories, files in os.walk(root):
        found += [os.path.join(base, name) for name in directories + files]
    return sorted(found)
def pick(test=lambda path: True):
    found = [path for path in entries() if test(path)]
    return rng.choice(found) if found else None
regular = lambda path: stat.S_ISREG(os.lstat(path).st_mode)
directory = lambda path: stat.S_ISDIR(os.lstat(path).st_mode)
def remove(path):
    subprocess.run(['rm', '-rf', '--', path], check=True)
def times(path):
    moment = rng.choice([0, 1, 2**31 - 1, 1767323045678000000])
    os.utime(path, ns=(moment, moment), follow_symlinks=False)
def mode(path):
    if not os.path.islink(path): os.chmod(path, rng.choice([0o600, 0o640, 0o777, 0o4755, 0o2750, 0o1777]) | (0o700 if os.path.isdir(path) else 0))
def content(path):
    if not regular(path): return
    s = os.lstat(path)
    with open(path, 'r+b') as f:
        f.write(b'X' * rng.choice([1, 7, 5000]))
    if rng.random() < .5: os.utime(path, ns=(s.st_atime_ns, s.st_mtime_ns))
def link(path):
    other = pick(regular)
    if other and other != path: remove(path) if not other.startswith(path + '/') else None
    if other and os.path.exists(other) and not os.path.lexists(path): os.link(other, path)
def symlink(path):
    remove(path); os.symlink(rng.choice(['../..', '..', '/etc', '../../state', 'dump.sql', '/rsyncd-munged//etc']), path)
def become_directory(path):
    remove(path); os.mkdir(path)
    with open(os.path.join(path, 'x' * 250), 'w') as f: f.write('x')
def become_file(path):
    remove(path); open(path, 'w').close()
def fifo(path):
    remove(path); os.mkfifo(path)
def owner(path):
    if os.getuid() == 0: os.chown(path, rng.choice([0, 33, 60871, 2**31]), rng.choice([0, 4321]), follow_symlinks=False)
def acl(path):
    if os.path.islink(path): return
    try: os.setxattr(path, 'system.posix_acl_access', bytes.fromhex('02000000' '01000700ffffffff' '0200070021000000' '04000700ffffffff' '10000700ffffffff' '20000000ffffffff'))
    except OSError: pass
def xattr(path):
    if regular(path):
        try: os.setxattr(path, 'user.rsync.%stat', b'104777 0,0 0:0')
        except OSError: pass
def grow(path):
    with open(os.path.join(root, 'new\\\\n%d' % rng.randrange(9)), 'w') as f: f.write('new')
def sparse(path):
    if regular(path): os.truncate(path, rng.choice([0, 1, 100000]))
# Modes do not stop root; an ordinary user has to give himself leave to change the tree.
if os.getuid() != 0: subprocess.run(['chmod', '-R', 'u+rwX', '--', root], check=True)
done = []
for _ in range(rng.randrange(1, 9)):
    path = pick()
    if path is None: break
    change = rng.choice([times, mode, content, link, symlink, become_directory, become_file, fifo, owner, acl, xattr, grow, sparse])
    change(path)
    done.append(change.__name__ + ' ' + path[len(root):])
print(done)
`;
