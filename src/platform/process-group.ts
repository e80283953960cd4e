import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two looks at a group that was told to end. */
const LOOK_EVERY = 20;

/** Milliseconds for which a group is waited for that was killed: a process that waits for a broken disk goes when the disk answers. */
const WAIT_FOR_KILLED = 2000;

/**
 * Ends a process group: politely (SIGTERM), and after a while in the way that no process can ignore (SIGKILL). It is over when the last
 * process of the group is gone, not when its leader is: what the leader started may have closed its streams and ignore SIGTERM.
 *
 * The number cannot belong to somebody else meanwhile, since the kernel gives no process the number of a group that lives (setpgid(2)).
 * @param leader process number of the leader, which began the group; nothing happens where it was never started
 * @param killAfterMs milliseconds between the two signals
 */
export async function endGroup(leader: number | undefined, killAfterMs: number): Promise<void> {
  if (leader === undefined) return;
  signalGroup(leader, 'SIGTERM');
  if (await goneWithin(leader, killAfterMs)) return;
  signalGroup(leader, 'SIGKILL');
  await goneWithin(leader, WAIT_FOR_KILLED);
}

async function goneWithin(leader: number, milliseconds: number): Promise<boolean> {
  for (let waited = 0; groupLives(leader); waited += LOOK_EVERY) {
    if (waited >= milliseconds) return false;
    await sleep(LOOK_EVERY);
  }
  return true;
}

function groupLives(leader: number): boolean {
  return signalGroup(leader, 0) && !onlyTheDead(leader);
}

/** @returns whether there is such a group */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch {
    return false; // ESRCH: it is gone
  }
}

/**
 * Whether nothing is left of a group but processes whose end nobody has asked for: where the first process of a container does not
 * do that, they stay, and still count as a group for kill(2).
 */
function onlyTheDead(leader: number): boolean {
  try {
    const members = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(stateAndGroup)
      .filter(({ group }) => group === leader);
    return members.length > 0 && members.every(({ state }) => state === 'Z' || state === 'X');
  } catch {
    return false; // no /proc
  }
}

/** proc_pid_stat(5): the name of the program, in brackets, may hold anything; state, parent and group stand behind it. */
function stateAndGroup(pid: string): { readonly state?: string; readonly group?: number } {
  try {
    const [state, , group] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { ...(state === undefined ? {} : { state }), group: Number(group) };
  } catch {
    return {}; // it has ended meanwhile
  }
}
