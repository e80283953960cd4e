import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two checks of a group that was told to end. */
const LOOK_EVERY = 20;

/** Milliseconds to wait for a group after SIGKILL: a process that waits for a broken disk ends only when the disk answers. */
const WAIT_FOR_KILLED = 2000;

/**
 * Ends a process group with SIGTERM, and after a while with SIGKILL, which no process can ignore. The group has ended when its last
 * process is gone, not when its leader is: what the leader started may have closed its streams and may ignore SIGTERM.
 *
 * The number cannot belong to another process meanwhile, because the kernel gives no process the number of a live group (setpgid(2)).
 * @param leader process id of the leader of the group; nothing happens if it was never started
 * @param killAfterMs milliseconds between the two signals
 */
export async function endGroup(leader: number | undefined, killAfterMs: number): Promise<void> {
  if (leader === undefined) return;
  signalGroup(leader, 'SIGTERM');
  if (await goneWithin(leader, killAfterMs)) return;
  signalGroup(leader, 'SIGKILL');
  await goneWithin(leader, WAIT_FOR_KILLED);
}

/**
 * Waits until the last process of a group is gone, which may be later than its leader.
 * @param leader process id of the leader of the group
 * @returns whether that was within the milliseconds
 */
export async function goneWithin(leader: number, milliseconds: number): Promise<boolean> {
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
 * Whether a group consists only of zombies. Where the first process of a container does not reap them they stay, and kill(2) still
 * finds the group.
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

/** proc_pid_stat(5): the name of the program, in brackets, may contain any character; state, parent and group follow it. */
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
