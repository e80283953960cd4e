import { spawnSync } from 'node:child_process';

/** What of {@link fillWithEverything} is in no snapshot: names of entries, by reason. */
export const NOT_STORED: readonly string[] = ['fifo', 'device', 'socket'];

/** The only extended attribute in it that is not an ACL; it is not sent. */
export const NOT_SENT = 'user.note';

/**
 * Fills a directory with everything that a restore has to bring back unchanged, and with {@link NOT_STORED}: owners,
 * modes, ACLs, links, holes, times, names. Needs root.
 */
export function fillWithEverything(directory: string): void {
  const { status, stderr } = spawnSync('python3', ['-I', '-c', FILL, directory], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

// Node has neither ACLs nor names that are not UTF-8. Python is there, because rrsync needs it.
const FILL = `
import os, socket, struct, sys
os.makedirs(sys.argv[1], exist_ok=True)
os.chdir(sys.argv[1])
ALL = 0xffffffff
def acl(*entries): return struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in entries)
def put(name, content=b'text\\n', mode=0o644):
    with open(name, 'wb') as f: f.write(content)
    os.chmod(name, mode)
put('plain'); os.link('plain', 'hard-link')
for name, mode in [('suid', 0o4755), ('sgid', 0o2711), ('no-rights', 0), ('read-only', 0o444)]: put(name, mode=mode)
put('owned'); os.chown('owned', 1234, 4321)
os.makedirs('setgid/deep'); put('setgid/deep/file'); os.chown('setgid', 33, 33); os.chmod('setgid', 0o2775); os.chmod('setgid/deep', 0o550)
os.mkdir('sticky'); os.chmod('sticky', 0o1777)
os.mkdir('closed'); put('closed/inside'); os.chmod('closed', 0)
os.symlink('plain', 'link'); os.symlink('/etc/passwd', 'link-out'); os.symlink('../../nowhere', 'link-nowhere'); os.symlink('setgid', 'link-to-directory')
os.lchown('link-out', 1234, 4321); os.link('link', 'link-hard', follow_symlinks=False)
for name in [b'no-utf8-\\xff\\xfe', b'new\\nline', b' -blank\\\\# *', b'.hidden']: put(name)
put('empty', b'')
with open('sparse', 'wb') as f: f.write(b'a' * 4096); f.seek(32 << 20); f.write(b'b' * 4096)
put('acl'); os.setxattr('acl', 'system.posix_acl_access', acl((1, 6, ALL), (2, 7, 1234), (4, 4, ALL), (8, 5, 999), (16, 7, ALL), (32, 0, ALL)))
os.mkdir('acl-default'); os.setxattr('acl-default', 'system.posix_acl_default', acl((1, 7, ALL), (2, 5, 1234), (4, 5, ALL), (16, 5, ALL), (32, 0, ALL)))
put('acl-default/inherits')
put('attribute'); os.setxattr('attribute', 'user.note', b'x')
os.mkfifo('fifo'); os.mknod('device', 0o20600, os.makedev(1, 3)); socket.socket(socket.AF_UNIX).bind('socket')
PAST = 1700000000123456789
for base, directories, files in os.walk('.', topdown=False):
    for name in files + directories: os.utime(os.path.join(base, name), ns=(PAST, PAST), follow_symlinks=False)
os.utime('empty', ns=(0, -5000000000)); os.utime('plain', ns=(0, 4102444800000000000)); os.utime('.', ns=(PAST, PAST))
`;
