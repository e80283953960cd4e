import { spawnSync } from 'node:child_process';

/**
 * Everything about a tree that must not change once it is sealed: content, type, mode, owner, mtime to the nanosecond,
 * xattrs. Not the number of links and the ctime, which a later snapshot that links to it changes.
 * @returns one line for each entry, sorted
 */
export function recordTree(directory: string): string[] {
  const { stdout, stderr, status } = spawnSync('python3', ['-I', '-c', WALK, directory], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trimEnd().split('\n');
}

// Node has neither xattrs nor O_NOATIME. Python is there, because rrsync needs it.
const WALK = `
import hashlib, os, stat, sys
root = sys.argv[1].encode()
def record(path):
    s = os.lstat(path)
    if stat.S_ISREG(s.st_mode):
        with open(path, 'rb') as f: content = hashlib.sha256(f.read()).hexdigest()
    elif stat.S_ISLNK(s.st_mode): content = repr(os.readlink(path))
    else: content = ''
    names = sorted(os.listxattr(path, follow_symlinks=False))
    xattrs = [(n, os.getxattr(path, n, follow_symlinks=False)) for n in names]
    print(repr(path[len(root):]), oct(s.st_mode), s.st_uid, s.st_gid, s.st_size, s.st_mtime_ns, content, xattrs)
record(root)
found = []
for base, directories, files in os.walk(root):
    found += [os.path.join(base, name) for name in directories + files]
for path in sorted(found): record(path)
`;
