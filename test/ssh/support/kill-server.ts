import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { argumentsOf, descendants } from '../../support/processes.ts';
import type { Secondary } from './secondary.ts';

/** Which process of a session on the secondary. rsync's server begins as one process, and is two once it has the file list. */
export type Victim = 'gate' | 'wrapper' | 'generator' | 'receiver';

/** Which session of a run, as shown by rsync's options. */
export type Session = 'push' | 'verify' | 'seal';

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly argv: readonly string[];
  readonly program: string;
}

/** Milliseconds between two looks. */
const EVERY = 3;

/**
 * Waits for a process of the secondary, and kills it as the kernel does when memory runs out. It looks all the time, and also before
 * anything that the secondary says is passed on. So it cannot miss a generator or a receiver, however short the session is and however
 * slow this machine: what they say has to be answered before they end.
 * @param secondary only the descendants of its own sshd are considered
 * @returns its pid; undefined if `signal` came first
 */
export async function killOnSight(
  { sshd, line }: Pick<Secondary, 'sshd' | 'line'>,
  victim: Victim,
  session: Session,
  signal: AbortSignal,
  how: NodeJS.Signals = 'SIGKILL',
): Promise<number | undefined> {
  let killed: number | undefined;
  const look = () => {
    if (killed !== undefined || signal.aborted) return;
    const found = find(startedBy(sshd.pid), victim, session);
    if (found !== undefined && isHit(found, how)) killed = found;
  };
  line.beforeAnswers(look);
  try {
    while (killed === undefined && !signal.aborted) {
      await sleep(EVERY);
      look();
    }
    return killed;
  } finally {
    line.beforeAnswers();
  }
}

function isHit(pid: number, how: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, how);
  } catch {
    return false; // it has ended
  }
}

function find(seen: readonly Seen[], victim: Victim, session: Session): number | undefined {
  const servers = seen.filter(({ program, pid }) => program === 'rsync' && sessionOf(pid) === session);
  switch (victim) {
    case 'gate':
      return seen.find(({ argv, pid }) => argv.some((word) => word.endsWith('.mjs')) && sessionOf(pid) === session)
        ?.pid;
    case 'wrapper':
      return seen.find(({ argv, pid }) => argv[1]?.endsWith('rrsync') && sessionOf(pid) === session)?.pid;
    case 'generator':
      return servers.find(({ pid }) => servers.some(({ parent }) => parent === pid))?.pid;
    case 'receiver':
      return servers.find(({ parent }) => servers.some(({ pid }) => pid === parent))?.pid;
    default:
      return victim satisfies never;
  }
}

/** Derived from the request to sshd or the gate, which every process of the session has in its environment. */
function sessionOf(pid: number): Session | undefined {
  try {
    const asked = /\0SSH_ORIGINAL_COMMAND=([^\0]*)/.exec(`\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`)?.[1];
    if (asked === undefined) return undefined;
    if (asked.endsWith('.sealed')) return 'seal';
    if (asked.endsWith('.notes')) return undefined;
    return asked.includes(' --partial ') ? 'push' : 'verify';
  } catch {
    return undefined; // it has ended
  }
}

function startedBy(sshd: number): Seen[] {
  return descendants(sshd).flatMap((pid) => {
    try {
      const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
      const program = basename(readlinkSync(`/proc/${pid}/exe`));
      return [{ pid, parent, argv: argumentsOf(pid) ?? [], program }];
    } catch {
      return []; // it has ended
    }
  });
}
