import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { endProcess } from '../../support/processes.ts';

/** What is watched. */
export interface Watched {
  /** The directory, with everything in it. */
  readonly directory: string;
  /** Paths below it that may come, go and change, as a regular expression of Python; directories with all that is in them. */
  readonly free?: string;
  /** Directories whose names, times and sizes may change, and nothing else of theirs. */
  readonly loose?: string;
}

/** Looks again and again at a directory. */
export interface Watch {
  /** What is different from the last look, line by line; empty if nothing is. */
  changes(): Promise<readonly string[]>;
  /** Processes that work in the directory, or name it in their arguments, but for sshd, ssh and the tests' own. */
  processes(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/**
 * Watches everything that must not change once it is sealed: content, type, mode, owner, mtime to the nanosecond, ACLs and xattrs, and
 * the inode itself. Not the number of links and the ctime. Only what has another ctime is read again, for the kernel sets that with each
 * change; so a look takes milliseconds.
 */
export async function startWatch({ directory, free = '(?!)', loose = '(?!)' }: Watched): Promise<Watch> {
  const child = spawn('python3', ['-I', '-c', WATCH, directory, free, loose], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line));
  child.once('close', () => waiting.splice(0).forEach((answer) => answer('["the watch has ended"]')));
  child.stdin.on('error', () => undefined);
  const ask = async (word: string): Promise<readonly string[]> => {
    const answer = new Promise<string>((resolve) => waiting.push(resolve));
    child.stdin.write(`${word}\n`);
    return JSON.parse(await answer) as string[];
  };
  const watch: Watch = {
    changes: () => ask('changes'),
    processes: () => ask('processes'),
    stop: () => endProcess(child, 'SIGKILL'),
  };
  await watch.changes();
  return watch;
}

// Node has neither xattrs nor names of any bytes.
const WATCH = `
import hashlib, json, os, re, stat, sys
root, free, loose = sys.argv[1], re.compile(sys.argv[2]), re.compile(sys.argv[3])
base = os.fsencode(root)
own = {os.getpid(), os.getppid()}

def below(directory, path):
    with os.scandir(directory) as found: found = sorted(found, key=lambda entry: entry.name)
    for entry in found:
        name = path + b'/' + entry.name if path else entry.name
        if free.search(name.decode('latin1')): continue
        yield name, entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False): yield from below(entry.path, name)

def describe(path, s):
    full = os.path.join(base, path)
    if stat.S_ISREG(s.st_mode):
        with open(full, 'rb') as file: content = hashlib.sha256(file.read()).hexdigest()
    elif stat.S_ISLNK(s.st_mode): content = repr(os.readlink(full))
    else: content = ''
    xattrs = [(n, os.getxattr(full, n, follow_symlinks=False)) for n in sorted(os.listxattr(full, follow_symlinks=False))]
    moving = ('', '') if loose.search(path.decode('latin1')) else (0 if stat.S_ISDIR(s.st_mode) else s.st_size, s.st_mtime_ns)
    return ' '.join(map(str, (oct(s.st_mode), s.st_uid, s.st_gid, *moving, content, xattrs, s.st_ino)))

known = None
def changes():
    global known
    before, known, told = known, {}, []
    for path, s in [(b'', os.lstat(base)), *below(base, b'')]:
        key, old = (s.st_ino, s.st_ctime_ns), (before or {}).get(path)
        line = old[1] if old and old[0] == key else describe(path, s)
        known[path] = (key, line)
        if before is None or old and old[1] == line: continue
        told.append('%r: %s -> %s' % (path, old[1] if old else 'nothing', line))
    return told + ['%r: %s -> gone' % (path, before[path][1]) for path in before or () if path not in known]

def processes():
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/cmdline' % pid, 'rb') as file: words = os.fsdecode(file.read()).split('\\0')[:-1]
            place = os.readlink('/proc/%s/cwd' % pid)
        except OSError: continue
        if int(pid) in own or not words or re.search(r'(^|/)(sshd|ssh|setpriv)(-session)?:?( |$)', words[0]): continue
        if (place + '/').startswith(root + '/') or any(root in word for word in words): found.append(pid + ' ' + ' '.join(words))
    return found

for line in sys.stdin: print(json.dumps({'changes': changes, 'processes': processes}[line.strip()]()), flush=True)
`;
