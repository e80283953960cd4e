import { MAX_NOTES_RECORDS, NOTES_HEADER } from '../../../src/shared/notes.ts';
import { FILLER } from './filler.ts';

/*
 * What the gate does to an unsealed tree itself, beside rsync. It is written in Python because Node has neither openat(2), nor
 * linkat(2) between two open directories, nor times in nanoseconds; python3 is there, since rrsync needs it. Nothing is opened by
 * a path that a client could have turned into a link: every directory is opened from the one above it, without following.
 *
 *   unshare TREE               removes the names of files that have names elsewhere too, so that rsync may write into the tree, and
 *                              what a killed rsync has left
 *   fill TREE BASIS NOTES MAX DAMAGE ID
 *                              links what the basis has and the tree lacks; without a basis, only what the notes say is done
 *
 * TREE and BASIS are open directories, given as numbers; MAX is how many bytes may be copied where linking fails. DAMAGE is a record
 * (store/damage.ts) of what is damaged in the basis, whose id is ID: no name of the tree is linked to that. The result is one JSON object on standard output: what was done, or the error of a system call by its name.
 */

/** Exit code when the tree shares files with something else before it may. */
export const SHARES = 3;

/** Exit code when the client's notes are not what our client sends. */
export const BAD_NOTES = 4;

export const TREE_PROGRAM = `
import errno, json, os, re, stat, sys

# Errors that no copy would escape.
FATAL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ENOENT, errno.ENOTDIR)

# What a copy is called until it is complete: like what rsync leaves (LEFT_BY_RSYNC), to be removed with that, and otherwise each
# time, since a source may hold any name that is known beforehand.
BESIDE = b'.offsite-rsync.' + os.urandom(3).hex().encode()

# Processes that link at the same time.
WORKERS = 2

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# What rsync writes to first, and leaves when it is killed. A file of the source that bears such a name is sent again.
LEFT_BY_RSYNC = re.compile(rb'\\..+\\.[A-Za-z0-9]{6}$', re.DOTALL)

def entries(fd):
    with os.scandir(fd) as found: return [(os.fsencode(entry.name), entry.is_dir(follow_symlinks=False)) for entry in found]

def each_file(tree):
    # Every name in the tree that is no directory, with its open directory and its path.
    pending = [b'']
    while pending:
        path = pending.pop()
        fd = open_below(tree, path)
        try:
            for name, is_directory in entries(fd):
                below = path + b'/' + name if path else name
                if is_directory: pending.append(below)
                else: yield fd, name, below
        finally: os.close(fd)

# The path and the descriptor of the directory that was opened last, by tree.
LAST = {}

def open_below(tree, path):
    # Opens a directory of the tree, one component after the other: from the last one on, if it lies above, for a tree may be deep. A
    # duplicate would not do: processes that read it at the same time would share one position in it, and each would see a part.
    above, start = LAST.get(tree, (b'', tree))
    if path != above and not path.startswith(above + b'/'): above, start = b'', tree
    fd = os.open('.', DIRECTORY, dir_fd=start)
    for part in filter(None, path[len(above):].split(b'/')):
        try: inner = os.open(part, DIRECTORY, dir_fd=fd)
        finally: os.close(fd)
        fd = inner
    if path:
        if tree in LAST: os.close(LAST[tree][1])
        LAST[tree] = path, os.dup(fd)
    return fd

def shared_files(tree):
    # Inodes that have names outside of the tree.
    elsewhere = {}
    for fd, name, path in each_file(tree):
        status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        if status.st_nlink > 1: elsewhere[status.st_ino] = elsewhere.get(status.st_ino, status.st_nlink) - 1
    return {inode for inode, names in elsewhere.items() if names > 0}

def readable(path):
    return ascii(path.decode('utf8', 'backslashreplace'))[1:-1]

def unshare(tree):
    shared = shared_files(tree)
    for fd, name, path in each_file(tree):
        if LEFT_BY_RSYNC.match(name) or os.stat(name, dir_fd=fd, follow_symlinks=False).st_ino in shared:
            os.unlink(name, dir_fd=fd)
    return {}

def read_notes(path):
    # Names that the source no longer has, and groups of names of one file, the first of which was sent.
    gone, groups = set(), []
    if not path: return gone, groups
    with open(path, 'rb') as file: text = file.read()
    if text.count(b'\\0') > ${MAX_NOTES_RECORDS}: bad('hold too many names')
    records = text.split(b'\\0')
    if records[0] != b'${NOTES_HEADER}' or records[-1] != b'': bad('are not complete')
    for record in records[1:-1]:
        kind, name = record[:1], record[1:]
        if any(part in (b'', b'.', b'..') or len(part) > 255 for part in name.split(b'/')): bad('hold a name that is none')
        if kind == b'-': gone.add(name)
        elif kind == b'=': groups.append([name])
        elif kind == b'+' and groups: groups[-1].append(name)
        else: bad('hold a record of an unknown kind')
    return gone, groups

def read_damage(path, snapshot):
    # Inodes of the snapshot that are known to be damaged.
    if not path: return set()
    with open(path, 'rb') as file: entries = json.load(file)['entries']
    return {int(entry['inode']) for entry in entries if entry['inode'] and snapshot in entry['snapshots']}

def bad(why):
    print('the notes ' + why, file=sys.stderr)
    sys.exit(${BAD_NOTES})

${FILLER}
def main(command, tree, basis='', notes='', most='0', damage='', snapshot=''):
    if command == 'unshare': return unshare(int(tree))
    gone, groups = read_notes(notes)
    shared = shared_files(int(tree))
    if shared:
        names = [readable(path) for fd, name, path in each_file(int(tree)) if os.stat(name, dir_fd=fd, follow_symlinks=False).st_ino in shared]
        print(', '.join(names[:5]), file=sys.stderr)
        sys.exit(${SHARES})
    filler = Filler(int(tree), int(basis or -1), int(most), read_damage(damage, snapshot))
    filler.remove(gone)
    if basis: filler.fill(gone)
    filler.renew()
    filler.join(groups)
    return {'linked': filler.linked, 'copied': filler.copied}

try: print(json.dumps(main(*sys.argv[1:])))
except OSError as error: print(json.dumps({'error': errno.errorcode.get(error.errno, ''), 'message': str(error)}))
`;
