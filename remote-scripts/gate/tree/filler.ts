/** The part of the tree program (tree-program.ts) that links: a class in Python, with the imports and functions of that program. */
export const FILLER = `class Filler:
    def __init__(self, tree, basis, most, damaged):
        self.tree, self.basis, self.most, self.damaged = tree, basis, most, damaged
        self.left = False
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
        # Linking is work for the kernel alone, so several processes halve the time: each takes some of the directories. What one of them
        # cannot do, because it takes more than a link, is left to a last pass.
        workers = min(WORKERS, os.cpu_count() or 1)
        children = [self.begin(gone, share, workers) for share in range(workers)] if workers > 1 else []
        complete = bool(children)
        for child, result in children:
            with os.fdopen(result, 'rb') as file: linked = file.read()
            status = os.waitpid(child, 0)[1]
            # Killed by lack of memory, for example. It cannot have given its directory back its time, so nothing may be made of the tree.
            if os.WIFSIGNALED(status): os.kill(os.getpid(), os.WTERMSIG(status))
            complete &= status == 0
            self.linked += int(linked or b'0')
        if not complete: self.link_all(gone)

    def begin(self, gone, share, workers):
        result, own = os.pipe()
        child = os.fork()
        if child:
            os.close(own)
            return child, result
        code = 1
        try:
            self.copies = None
            self.link_all(gone, share, workers)
            if not self.left: code = 0
        except OSError: pass # the last pass meets the same error, and reports it
        finally:
            try: os.write(own, str(self.linked).encode())
            finally: os._exit(code)

    def link_all(self, gone, share=0, workers=1):
        pending = [b'']
        number = 0
        while pending:
            path = pending.pop()
            number += 1
            source = open_below(self.basis, path)
            try: target = open_below(self.tree, path)
            except OSError as error:
                os.close(source)
                if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP) and path: continue
                raise
            # Linked is what was linked before an error too: the directory then has another time, which the last pass must not take for its own.
            mine, before, changed = number % workers == share, os.fstat(target), False
            try:
                for name, is_directory in entries(source):
                    below = path + b'/' + name if path else name
                    if is_directory: pending.append(below)
                    elif mine and below not in gone: changed |= self.link(source, target, name, below)
            finally:
                if changed: os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
                os.close(source)
                os.close(target)

    def link(self, source, target, name, below):
        if self.damaged and os.stat(name, dir_fd=source, follow_symlinks=False).st_ino in self.damaged:
            return self.copy_damaged(source, target, name, below)
        try: os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        except FileExistsError: return False
        except OSError as error:
            # As many names as the file system allows; a file of another account, or an immutable one; a file system without links.
            if self.copies is None or error.errno in FATAL: raise
            try: self.copy(source, target, name, below)
            except PermissionError: return True # it is left out: the comparison that follows says so, and then it is sent
        else: self.linked += 1
        return True

    def copy_damaged(self, source, target, name, below):
        # Where rsync has not sent it, its checksum was that of the source's file. The comparison that follows reads the copy.
        try: os.stat(name, dir_fd=target, follow_symlinks=False)
        except FileNotFoundError: pass
        else: return False
        if self.copies is None:
            self.left = True
            return False
        try: self.copy(source, target, name, below)
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EACCES, errno.EPERM): raise
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
        self.account(inode)
        if stat.S_ISLNK(inode.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), BESIDE, dir_fd=target)
            os.utime(BESIDE, ns=(inode.st_atime_ns, inode.st_mtime_ns), dir_fd=target, follow_symlinks=False)
        elif stat.S_ISREG(inode.st_mode): copy_file(source, name, target, BESIDE, inode)
        else: return
        # Half a copy must not bear the name: if we are killed, the next push may look at nothing that has not changed.
        os.rename(BESIDE, name, src_dir_fd=target, dst_dir_fd=target)
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
        self.copies = {}
        for group in groups:
            try: self.join_group(*group)
            except OSError as error:
                if error.errno != errno.EMLINK: raise
                self.detach(group[0])
                self.join_group(*group)
        self.renew() # a file that was detached may have names that no note speaks of

    def join_group(self, first, *others):
        try: inode = self.look(first)
        except OSError: return # the comparison that follows tells what is missing
        if stat.S_ISDIR(inode.st_mode): return
        for name in others:
            try: self.join_one(first, name, inode.st_ino)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError): pass
            except OSError as error:
                if error.errno != errno.ELOOP: raise

    def detach(self, path):
        # Makes a copy of a file that can have no more names. What is in its way, it leaves in its way.
        parent, _, name = path.rpartition(b'/')
        fd = open_below(self.tree, parent)
        try:
            before, inode = os.fstat(fd), os.stat(name, dir_fd=fd, follow_symlinks=False)
            if not stat.S_ISREG(inode.st_mode): raise OSError(errno.EMLINK, os.strerror(errno.EMLINK))
            self.account(inode)
            copy_file(fd, name, fd, BESIDE, inode)
            os.rename(BESIDE, name, src_dir_fd=fd, dst_dir_fd=fd)
            os.utime(fd, ns=(before.st_atime_ns, before.st_mtime_ns))
            self.copied += 1
            self.copies[inode.st_ino] = path
        finally: os.close(fd)

    def account(self, inode):
        self.bytes += inode.st_size
        if self.bytes > self.most: raise OSError(errno.ENOSPC, 'too much would have to be copied')

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
            try:
                if there is not None: os.unlink(base, dir_fd=target)
                os.link(original, base, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
            finally: os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
            if there is None: self.linked += 1
        finally:
            os.close(source)
            os.close(target)

def copy_file(source, name, target, copied, inode):
    original = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=source)
    try:
        copy = os.open(copied, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=target)
        try:
            while os.sendfile(copy, original, None, 2**30): pass
            for attribute in os.listxattr(original):
                if not attribute.startswith(('user.', 'system.posix_acl_')): continue
                os.setxattr(copy, attribute, os.getxattr(original, attribute))
            os.fchmod(copy, stat.S_IMODE(inode.st_mode))
            os.utime(copy, ns=(inode.st_atime_ns, inode.st_mtime_ns))
        except OSError:
            os.unlink(copied, dir_fd=target)
            raise
        finally: os.close(copy)
    finally: os.close(original)
`;
