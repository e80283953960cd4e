import { spawnSync } from 'node:child_process';

/** A tree as a snapshot and its source have it in common. */
export interface Tree {
  /**
   * One line for each entry, sorted: name, kind, size, time and content. Names have a character for each byte. Times are in seconds, which
   * is what rsync compares; those of directories, which are set in every run, in nanoseconds.
   */
  readonly entries: readonly string[];
  /** Which names are one file: those of each file with several, sorted. */
  readonly groups: readonly (readonly string[])[];
}

/** What of a tree is listed. */
interface ListingOptions {
  /** Entries by their path, which are left out with everything below them. */
  readonly leftOut?: (path: string) => boolean;
  /** Whether contents are compared. */
  readonly contents?: boolean;
  /** Times of directories in whole seconds too: rsync does not see that one was changed within a second. */
  readonly wholeSeconds?: boolean;
}

/** Lists what is really in a directory. */
export function listTree(directory: string, options: ListingOptions = {}): Tree {
  const { leftOut = () => false, contents = true, wholeSeconds = false } = options;
  const { stdout, stderr, status } = spawnSync(
    'python3',
    ['-I', '-c', WALK, directory, wholeSeconds ? '1000000000' : '1'],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (status !== 0) throw new Error(stderr);
  const isLeftOut = (path: string) =>
    path.split('/').some((_, index, parts) => leftOut(parts.slice(0, index + 1).join('/')));
  const listed = (JSON.parse(stdout) as [path: string, facts: string, content: string, inode: string | null][]).filter(
    ([path]) => !isLeftOut(path),
  );
  const names = new Map<string, string[]>();
  for (const [path, , , inode] of listed) {
    if (inode === null) continue;
    const group = names.get(inode);
    if (group === undefined) names.set(inode, [path]);
    else group.push(path);
  }
  return {
    entries: listed.map(([path, facts, content]) => `${JSON.stringify(path)} ${facts} ${contents ? content : ''}`),
    groups: [...names.values()].filter(({ length }) => length > 1),
  };
}

// Node cannot tell apart names that are not UTF-8. Python is there, because rrsync needs it.
const WALK = `
import hashlib, json, os, stat, sys
os.chdir(sys.argv[1])
found = []
def is_stored_link(path):
    # With --fake-super, rsync stores a symbolic link as a file, and says in an attribute what it is.
    try: return os.getxattr(path, 'user.rsync.%stat').startswith(b'12')
    except OSError: return False
def add(path):
    s = os.lstat(path)
    kind, size, time, content, inode = stat.filemode(s.st_mode)[0], s.st_size, s.st_mtime_ns // 10**9, '', s.st_ino
    if stat.S_ISREG(s.st_mode) and is_stored_link(path):
        with open(path, 'rb') as file: content = file.read().decode('latin1').replace('/rsyncd-munged/', '', 1)
        kind, size = 'l', len(content)
    elif stat.S_ISREG(s.st_mode):
        with open(path, 'rb') as file: content = hashlib.sha256(file.read()).hexdigest()[:16]
    elif stat.S_ISLNK(s.st_mode):
        content = os.readlink(path).decode('latin1').replace('/rsyncd-munged/', '', 1)
        size = len(content)
    else: size, time, inode = 0, s.st_mtime_ns // int(sys.argv[2]), None
    found.append((path[2:].decode('latin1'), f'{kind} {size} {time}', content, inode))
add(b'./')
for base, directories, files in os.walk(b'.'):
    for name in directories + files: add(os.path.join(base, name))
print(json.dumps(sorted(found, key=lambda entry: entry[0])))
`;
