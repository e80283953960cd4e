import { spawn } from 'node:child_process';

/** Starts a program on a terminal of its own; types each answer once its question has come; prints what the terminal shows. */
const TYPIST = `
import fcntl, os, pty, struct, sys, termios, time
answers = [line.split('=>') for line in sys.argv[1].split('|') if line]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[2]), 0, 0))
    os.execvp(sys.argv[3], sys.argv[3:])
shown = b''
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    if answers and answers[0][0].encode() in shown:
        os.write(terminal, answers.pop(0)[1].encode().decode('unicode_escape').encode())
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
`;

/** A terminal, and who sits there. */
interface Seat {
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  /** What is typed when a text has appeared, each once and in this order; `\r` and the like as in Python. */
  readonly typed?: Readonly<Record<string, string>>;
}

/** Runs a program on a terminal of its own, to its end. `shown` is all that it wrote there, with the control sequences. */
export async function onTerminal(
  words: readonly string[],
  { env, columns = 80, typed = {} }: Seat,
): Promise<{ readonly status: number | null; readonly shown: string }> {
  const answers = Object.entries(typed)
    .map((pair) => pair.join('=>'))
    .join('|');
  const typist = spawn('python3', ['-c', TYPIST, answers, `${columns}`, ...words], {
    env: { TERM: 'xterm', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000, // a question that never comes
    killSignal: 'SIGKILL',
  });
  const shown: Buffer[] = [];
  typist.stdout.on('data', (piece: Buffer) => shown.push(piece));
  const status = await new Promise<number | null>((resolve) => typist.once('close', resolve));
  return { status, shown: Buffer.concat(shown).toString() };
}
