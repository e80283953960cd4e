import { freeSpace } from '../store/job-directory.ts';
import { runInGroup, type GroupBounds, type GroupEnd } from './child-group.ts';
import { createProcessLook } from './process-look.ts';
import { createJudge, type Objection, type SessionBounds } from './session-watch.ts';

/** What rrsync has to run, and within which bounds. */
export interface RestrictedRun extends GroupBounds {
  /** The rebuilt command, passed to rrsync as sshd would pass it. */
  readonly command: string;
  /** The directory to which rrsync confines it. */
  readonly root: string;
  /** Whether it sends what is in `root`, and writes nothing. */
  readonly reads?: boolean;
  /** rrsync refuses `--delete` even in a dry run (facts.md#deletion), so a verification needs this. */
  readonly allowDelete: boolean;
  /** Checked once a second. */
  readonly bounds: SessionBounds;
  /** Largest file that may be written, in bytes; the kernel ends rsync above it. */
  readonly largestFile?: number;
}

/** How rsync ended. */
export type RestrictedEnd = GroupEnd | Objection;

/**
 * Runs rrsync with the session's own standard streams, which belong to rsync's protocol: the gate reads and writes none. No process of it
 * outlives the session, or its wall clock.
 * @throws Error when rrsync cannot be started
 */
export async function runRestrictedRsync(run: RestrictedRun): Promise<RestrictedEnd> {
  const { end } = await runInGroup<Objection>(
    {
      words: wordsFor(run),
      environment: { SSH_ORIGINAL_COMMAND: run.command },
      streams: 'own',
      watch: (pid, object) => watchSession(pid, run, object),
    },
    run,
  );
  return end;
}

/** Milliseconds between two looks at a session. */
const LOOK_EVERY = 1000;

function watchSession(
  pid: number,
  { root, bounds }: RestrictedRun,
  object: (objection: Objection) => void,
): NodeJS.Timeout {
  const lookAtProcesses = createProcessLook(pid);
  const judge = createJudge(bounds);
  let looking = false;
  const look = async (): Promise<void> => {
    const objection = judge({ at: performance.now(), processes: lookAtProcesses(), ...(await freeSpace(root)) });
    if (objection !== undefined) object(objection);
  };
  return setInterval(() => {
    if (looking) return; // a disk hangs, but the wall clock still counts
    looking = true;
    look()
      .catch(() => undefined) // one check is skipped
      .finally(() => (looking = false));
  }, LOOK_EVERY);
}

function wordsFor({ root, reads = false, allowDelete, largestFile }: RestrictedRun): string[] {
  // rrsync -ro neither deletes nor locks; -munge gives symbolic links back as they were sent.
  if (reads) return ['rrsync', '-ro', '-munge', root];
  return [
    ...(largestFile === undefined ? [] : ['prlimit', `--fsize=${largestFile}`]),
    'rrsync',
    '-wo',
    '-munge',
    // It would lock the whole root for all jobs, and lose the lock when it is killed (facts.md#what-a-killed-session-leaves).
    '-no-lock',
    ...(allowDelete ? [] : ['-no-del']),
    root,
  ];
}
