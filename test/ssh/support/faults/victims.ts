import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { argumentsOf, descendants } from '../../../support/processes.ts';
import type { Running } from '../primary.ts';
import type { Lane } from './lane.ts';
import { oneOf, type Random } from './source.ts';

/** What can be killed. */
export type Victim = 'controller' | 'client-rsync' | 'ssh' | 'sshd' | 'gate' | 'rrsync' | 'server-rsync';

/** What of a lane runs at this moment and is such a victim. */
export function victims({ secondary }: Lane, { pid }: Running, victim: Victim): number[] {
  switch (victim) {
    case 'controller':
      return isAlive(pid) ? [pid] : [];
    case 'client-rsync':
      return descendants(pid).filter((one) => programOf(one) === 'rsync');
    case 'ssh':
      return descendants(pid).filter((one) => programOf(one) === 'ssh');
    case 'sshd':
      return descendants(secondary.sshd.pid).filter((one) => programOf(one).startsWith('sshd'));
    case 'gate':
      return descendants(secondary.sshd.pid).filter((one) => programOf(one) === 'node');
    case 'rrsync':
      return descendants(secondary.sshd.pid).filter((one) => argumentsOf(one)?.[1]?.endsWith('rrsync'));
    case 'server-rsync':
      return descendants(secondary.sshd.pid).filter((one) => programOf(one) === 'rsync');
    default:
      return victim satisfies never;
  }
}

/** How something is killed. */
export interface Blow {
  readonly signal: 'SIGKILL' | 'SIGTERM';
  readonly manner: 'once' | 'twice' | 'group' | 'all';
  /** Milliseconds between two blows. */
  readonly pause: number;
}

/** A random blow. */
export function anyBlow(random: Random): Blow {
  return {
    signal: oneOf(random, ['SIGKILL', 'SIGTERM']),
    manner: oneOf(random, ['once', 'twice', 'group', 'all']),
    pause: Math.floor(random() * 50),
  };
}

/** Strikes one of these, or all, or the group of one. @returns whether anything was hit */
export function strike(found: readonly number[], { signal, manner, pause }: Blow, random: Random): boolean {
  if (found.length === 0) return false;
  const one = oneOf(random, found);
  const hit = (pid: number) => send(pid, signal);
  if (manner === 'twice') setTimeout(() => hit(one), pause);
  if (manner === 'all') return found.map(hit).includes(true);
  // sshd and its sessions may be in the group of the tests: only a leader's own group is struck.
  return manner === 'group' && groupOf(one) === one ? send(-one, signal) : hit(one);
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // it has ended
  }
}

/** Whether a process runs, and is no zombie. */
export function isAlive(pid: number): boolean {
  return (argumentsOf(pid)?.length ?? 0) > 0;
}

/** The name of the file that a process runs; empty if it has ended. */
function programOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return '';
  }
}

/** The process group of a process: the fifth word, after a name in parentheses (proc(5)). */
function groupOf(pid: number): number | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(words[2]);
  } catch {
    return undefined;
  }
}
