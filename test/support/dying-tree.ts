/**
 * Python that is put before the gate's tree program: it kills what works on a tree with SIGKILL before the n-th change to it, and lets files
 * whose name begins with `crowded` have three names at most, as a file system at its limit does.
 *
 * What it does is in a file, so that a test can change it: `COMMAND N WHO`, where WHO is `program` (all its processes), `gate` (the gate
 * as well, as when the machine loses power), `gate-alone`, or `one` (only the process that makes that change). Without the file nothing is killed. How
 * many changes were made is the size of `FILE.count`; what was next when it died is in `FILE.died`.
 * @param order path of that file
 */
export function dyingTree(order: string): string {
  return `
def arm(order):
    import errno, os, signal, sys
    gate, link, stat = os.getppid(), os.link, os.stat

    def limited(source, target, **where):
        try: stat(target, dir_fd=where['dst_dir_fd'], follow_symlinks=False)
        except FileNotFoundError:
            names = stat(source, dir_fd=where['src_dir_fd'], follow_symlinks=False).st_nlink
            if target.startswith(b'crowded') and names >= 3: raise OSError(errno.EMLINK, 'crowded')
        return link(source, target, **where)
    os.link = limited

    try:
        with open(order) as file: command, at, who = file.read().split()
    except FileNotFoundError: return
    if command != sys.argv[1]: return
    count = os.open(order + '.count', os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def before(name):
        os.write(count, b'.')
        made = os.fstat(count).st_size
        if made < int(at) or (who in ('one', 'gate-alone') and made > int(at)): return
        with open(order + '.died', 'w') as died: died.write(command + ' ' + name)
        if who == 'one': os.kill(os.getpid(), signal.SIGKILL)
        if who.startswith('gate'): os.kill(gate, signal.SIGKILL)
        if who != 'gate-alone': os.killpg(0, signal.SIGKILL)

    def dying(name):
        call = getattr(os, name)
        def wrapped(*args, **named):
            before(name)
            return call(*args, **named)
        return wrapped
    for name in ('link', 'unlink', 'rmdir', 'rename', 'symlink', 'utime', 'sendfile', 'setxattr', 'fchmod'):
        setattr(os, name, dying(name))
arm(${JSON.stringify(order)})
`;
}
