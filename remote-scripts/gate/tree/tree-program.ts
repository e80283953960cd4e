import { NOTES_HEADER } from '../../../src/shared/notes.ts';

/*
 * What the gate does to an unsealed tree itself, beside rsync. It is written in Python because Node has neither openat(2), nor
 * linkat(2) between two open directories, nor times in nanoseconds; python3 is there, since rrsync needs it. Nothing is opened by
 * a path that a client could have turned into a link: every directory is opened from the one above it, without following.
 *
 *   unshare TREE               removes the names of files that have names elsewhere too, so that rsync may write into the tree, and
 *                              what a killed rsync has left
 *   fill TREE BASIS NOTES MAX  links what the basis has and the tree lacks; without a basis, only what the notes say is done
 *
 * TREE and BASIS are open directories, given as numbers; MAX is how many bytes may be copied where linking fails. The result is
 * one JSON object on standard output: what was done, or the error of a system call by its name.
 */

/** Exit code when the tree shares files with something else before it may. */
export const SHARES = 3;

/** Exit code when the client's notes are not what our client sends. */
export const BAD_NOTES = 4;

export const TREE_PROGRAM = `
import errno, json, os, re, stat, sys

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

def open_below(tree, path):
    # Opens a directory of the tree, one component after the other.
    fd = os.dup(tree)
    if path:
        for part in path.split(b'/'):
            try: inner = os.open(part, DIRECTORY, dir_fd=fd)
            finally: os.close(fd)
            fd = inner
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
    with open(path, 'rb') as file: records = file.read().split(b'\\0')
    if records[0] != b'${NOTES_HEADER}' or records[-1] != b'': bad('are not complete')
    for record in records[1:-1]:
        kind, name = record[:1], record[1:]
        if any(part in (b'', b'.', b'..') or len(part) > 255 for part in name.split(b'/')): bad('hold a name that is none')
        if kind == b'-': gone.add(name)
        elif kind == b'=': groups.append([name])
        elif kind == b'+' and groups: groups[-1].append(name)
        else: bad('hold a record of an unknown kind')
    return gone, groups

def bad(why):
    print('the notes ' + why, file=sys.stderr)
    sys.exit(${BAD_NOTES})

class Filler:
    def __init__(self, tree, basis, most):
        self.tree, self.basis, self.most = tree, basis, most
        self.linked = self.copied = self.bytes = 0
        self.copies = {}

    def remove(self, gone):
        # What an attempt that is continued had sent, and the source no longer has. The deepest first, so that directories are empty.
        for path in sorted(gone, reverse=True):
            parent, _, name = path.rpartition(b'/')
            try: fd = open_below(self.tree, parent)
            except OSError: continue
            try:
                before = os.fstat(fd)
                try: os.unlink(name, dir_fd=fd)
                except IsADirectoryError: os.rmdir(name, dir_fd=fd)
                os.utime(fd, ns=(before.st_atime_ns, before.st_mtime_ns))
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENOTEMPTY): raise
            finally: os.close(fd)

    def fill(self, gone):
        pending = [b'']
        while pending:
            path = pending.pop()
            source = open_below(self.basis, path)
            try: target = open_below(self.tree, path)
            except OSError as error:
                os.close(source)
                if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP) and path: continue
                raise
            try:
                before = os.fstat(target)
                changed = False
                for name, is_directory in entries(source):
                    below = path + b'/' + name if path else name
                    if is_directory: pending.append(below)
                    elif below not in gone: changed |= self.link(source, target, name, below)
                if changed: os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
            finally:
                os.close(source)
                os.close(target)

    def link(self, source, target, name, below):
        try: os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        except FileExistsError: return False
        except OSError as error:
            # As many names as the file system allows; or a file of another account, or one that is immutable.
            if error.errno not in (errno.EMLINK, errno.EPERM): raise
            self.copy(source, target, name, below)
        else: self.linked += 1
        return True

    def copy(self, source, target, name, below):
        inode = os.stat(name, dir_fd=source, follow_symlinks=False)
        first = self.copies.get(inode.st_ino)
        if first is not None:
            parent, _, base = first.rpartition(b'/')
            fd = open_below(self.tree, parent)
            try: os.link(base, name, src_dir_fd=fd, dst_dir_fd=target, follow_symlinks=False)
            finally: os.close(fd)
            return
        self.bytes += inode.st_size
        if self.bytes > self.most: raise OSError(errno.ENOSPC, 'too much would have to be copied')
        if stat.S_ISLNK(inode.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
            os.utime(name, ns=(inode.st_atime_ns, inode.st_mtime_ns), dir_fd=target, follow_symlinks=False)
        elif stat.S_ISREG(inode.st_mode): copy_file(source, target, name, inode)
        else: return
        self.copied += 1
        self.copies[inode.st_ino] = below

    def renew(self):
        # Where some names of a file could be linked and others not, all of them become names of the copy.
        if not self.copies: return
        for fd, name, path in each_file(self.tree):
            first = self.copies.get(os.stat(name, dir_fd=fd, follow_symlinks=False).st_ino)
            if first is None: continue
            before = os.fstat(fd)
            os.unlink(name, dir_fd=fd)
            parent, _, base = first.rpartition(b'/')
            source = open_below(self.tree, parent)
            try: os.link(base, name, src_dir_fd=source, dst_dir_fd=fd, follow_symlinks=False)
            finally: os.close(source)
            os.utime(fd, ns=(before.st_atime_ns, before.st_mtime_ns))

    def join(self, groups):
        for first, *others in groups:
            try: inode = self.look(first)
            except OSError: continue # the comparison that follows tells what is missing
            if stat.S_ISDIR(inode.st_mode): continue
            for name in others:
                try: self.join_one(first, name, inode.st_ino)
                except (FileNotFoundError, NotADirectoryError, IsADirectoryError): pass
                except OSError as error:
                    if error.errno != errno.ELOOP: raise

    def look(self, path):
        parent, _, base = path.rpartition(b'/')
        fd = open_below(self.tree, parent)
        try: return os.stat(base, dir_fd=fd, follow_symlinks=False)
        finally: os.close(fd)

    def join_one(self, first, name, inode):
        parent, _, base = name.rpartition(b'/')
        target = open_below(self.tree, parent)
        parent, _, original = first.rpartition(b'/')
        source = open_below(self.tree, parent)
        try:
            try:
                there = os.stat(base, dir_fd=target, follow_symlinks=False)
                if there.st_ino == inode or stat.S_ISDIR(there.st_mode): return
            except FileNotFoundError: there = None
            before = os.fstat(target)
            if there is not None: os.unlink(base, dir_fd=target)
            os.link(original, base, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
            os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
            if there is None: self.linked += 1
        finally:
            os.close(source)
            os.close(target)

def copy_file(source, target, name, inode):
    original = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=source)
    try:
        copy = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=target)
        try:
            while os.sendfile(copy, original, None, 2**30): pass
            for attribute in os.listxattr(original):
                os.setxattr(copy, attribute, os.getxattr(original, attribute))
            os.fchmod(copy, stat.S_IMODE(inode.st_mode))
            os.utime(copy, ns=(inode.st_atime_ns, inode.st_mtime_ns))
        finally: os.close(copy)
    finally: os.close(original)

def main(command, tree, basis='', notes='', most='0'):
    if command == 'unshare': return unshare(int(tree))
    gone, groups = read_notes(notes)
    shared = shared_files(int(tree))
    if shared:
        names = [readable(path) for fd, name, path in each_file(int(tree)) if os.stat(name, dir_fd=fd, follow_symlinks=False).st_ino in shared]
        print(', '.join(names[:5]), file=sys.stderr)
        sys.exit(${SHARES})
    filler = Filler(int(tree), int(basis or -1), int(most))
    filler.remove(gone)
    if basis: filler.fill(gone)
    filler.renew()
    filler.join(groups)
    return {'linked': filler.linked, 'copied': filler.copied}

try: print(json.dumps(main(*sys.argv[1:])))
except OSError as error: print(json.dumps({'error': errno.errorcode.get(error.errno, ''), 'message': str(error)}))
`;
