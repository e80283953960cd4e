import { spawnSync } from 'node:child_process';

/**
 * Compares a stored snapshot with a source, entry by entry, by what lies on the disk: kind, mode, owner, mtime in seconds (rsync compares
 * no more), both ACLs, content, target of a link, and which names are one file. It knows how rsync stores owners, ACLs and links under
 * `--fake-super` and `-munge`, and asks no rsync and nothing of the program.
 * @returns what differs, in words; empty when nothing does
 */
export function differences(source: string, snapshot: string): string[] {
  const { stdout, stderr, status } = spawnSync('python3', ['-I', '-c', COMPARE, source, snapshot], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

// Node has no xattrs, and cannot tell apart names that are not UTF-8. Python is there, because rrsync needs it.
const COMPARE = `
import hashlib, json, os, stat, struct, sys

def faked(path):
    try: words = os.getxattr(path, 'user.rsync.%stat', follow_symlinks=False).decode().split()
    except OSError: return None
    uid, gid = words[2].split(':')
    return int(words[0], 8), int(uid), int(gid)

def xattr(path, name):
    try: return os.getxattr(path, name, follow_symlinks=False)
    except OSError: return None

# Both ACLs as (named users and groups, group, mask); a default one has an owner and others as well, an access one has them from the mode.
# The kernel's (posix_acl_xattr.h): a version, then tag, permissions and id of each entry. rsync's (acls.c): owner, group, mask and others,
# 0x80 for what is not there or is as the mode says; then id and permissions of each name, that of a user with the highest bit.
USER, GROUP, MASK, NONE = 1 << 31, 4, 16, 0x80
def acl(path, which, mode):
    fake, real = xattr(path, 'user.rsync.%' + which[0] + 'acl'), xattr(path, 'system.posix_acl_' + which)
    if fake is not None:
        owner, group, mask, other = struct.unpack_from('<4I', fake)
        names = [(id, bits & 7, bits & USER != 0) for id, bits in struct.iter_unpack('<2I', fake[16:])]
    elif real is not None:
        found = list(struct.iter_unpack('<2HI', real[4:]))
        one = lambda tag: next((bits for kind, bits, _ in found if kind == tag), NONE)
        owner, group, mask, other = one(1), one(GROUP), one(MASK), one(32)
        names = [(id, bits, kind == 2) for kind, bits, id in found if kind in (2, 8)]
    else: return ''
    if which == 'access':
        owner = other = NONE
        group, mask = (mode >> 3 & 7 if bits == NONE else bits for bits in (group, mask))
    return f' {which} {sorted(names)} {owner} {group} {mask} {other}'

def entries(root):
    root = root.encode()
    found, names = {}, {}
    def add(path):
        s = os.lstat(path)
        mode, uid, gid = faked(path) or (s.st_mode, s.st_uid, s.st_gid)
        kind = stat.S_IFMT(mode)
        acls = acl(path, 'access', mode) + acl(path, 'default', mode)
        content = ''
        if kind == stat.S_IFLNK:
            content = os.readlink(path) if stat.S_ISLNK(s.st_mode) else open(path, 'rb').read()
            content, mode = repr(content.replace(b'/rsyncd-munged/', b'', 1)), kind
        elif kind == stat.S_IFREG:
            with open(path, 'rb') as file: content = hashlib.sha256(file.read()).hexdigest()[:16]
        name = repr(path[len(root):])
        if kind != stat.S_IFDIR: names.setdefault((s.st_dev, s.st_ino), []).append(name)
        found[name] = f'{oct(mode)} {uid}:{gid} {s.st_mtime_ns // 10**9} {content}{acls}'
    add(root)
    for base, directories, files in os.walk(root):
        for name in directories + files: add(os.path.join(base, name))
    for group in names.values():
        for name in group: found[name] += ' = ' + ' '.join(sorted(group))
    return found

here, there = (entries(path) for path in sys.argv[1:])
print(json.dumps([f'{name}: here {here.get(name)}, there {there.get(name)}'
    for name in sorted({*here, *there}) if here.get(name) != there.get(name)]))
`;
