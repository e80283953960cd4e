import { join } from 'node:path';

/*
 * Where everything of a host is on the secondary (design.md#on-the-secondary). These names appear nowhere else; the
 * linter enforces that.
 */

/** Name of the gate's log, in which the administrator of the secondary finds the reasons. */
export const GATE_LOG = 'gate.log';

/** What one host has besides its snapshots, for all its jobs. None of these names can be that of a job's own file. */
export interface StatePlaces {
  /** `<state_dir>/<host>`. A run of prune locks it. */
  readonly state: string;
  /** What the gate decided, one JSON object per line. */
  readonly log: string;
  /** The validated settings of the host, valid for the text that they were made from. */
  readonly remembered: string;
  /** Held while pushed data is flushed ahead of time. */
  readonly flushLock: string;
  /** What prune remembers between runs. */
  readonly memory: string;
  /** Held while prune reads {@link memory}, tells people and writes it. */
  readonly memoryLock: string;
  /** Directory for prune's temporary files. */
  readonly scratch: string;
  /** Held by a scrub while it reads. */
  readonly scrubLock: string;
  /** Held by a run of offsite-drill. */
  readonly drillLock: string;
  /** Directory for what the command of a drill makes. */
  readonly drillScratch: string;
}

/** Where everything of one host is. */
export interface HostPlaces extends StatePlaces {
  /** `<root>/<host>`, with a directory for each job. A plain rrsync is confined to it, and locks it. */
  readonly root: string;
  /** What prune removes, on its way out. */
  readonly trash: string;
}

/** Where everything of one job is. */
export interface JobPaths {
  /** `<root>/<host>/<job>`: snapshots and seals, the root of rrsync. */
  readonly snapshots: string;
  /** Behind the gate, everything that changes names in `snapshots` holds this lock, prune too. */
  readonly lock: string;
  /** Attempts, one JSON object per line. */
  readonly ledger: string;
  /** rrsync's root while a seal is received; emptied for each. */
  readonly incoming: string;
  /** Seals that were accepted and are being placed. */
  readonly accepted: string;
  /** Exists while it is uncertain whether unsealed data is on the disk. */
  readonly unflushed: string;
  /** Stored files that are known to be damaged. */
  readonly damage: string;
  /** Held while that is changed. */
  readonly damageLock: string;
  /** How far the scrub has come. */
  readonly scrub: string;
  /** What is known of the manifest of each snapshot; under a plain rrsync, the manifests too. */
  readonly manifests: string;
  /** Held while manifests are made. */
  readonly manifestsLock: string;
  /** Which snapshots an administrator has ordered to be kept. */
  readonly pins: string;
  /** The last drill of each snapshot. */
  readonly drill: string;
}

/** Everything that the state directory of a host holds for all its jobs. @param state `<state_dir>/<host>` */
export function statePlaces(state: string): StatePlaces {
  return {
    state,
    log: join(state, GATE_LOG),
    remembered: join(state, 'settings.json'),
    flushLock: join(state, '.flush.lock'),
    memory: join(state, 'prune.json'),
    memoryLock: join(state, 'prune.memory.lock'),
    scratch: join(state, 'prune.tmp'),
    scrubLock: join(state, '.scrub.lock'),
    drillLock: join(state, '.drill.lock'),
    drillScratch: join(state, 'drill.tmp'),
  };
}

/** The places of a host. Nothing is checked. */
export function hostPlaces(settings: { readonly root: string; readonly stateDir: string }, host: string): HostPlaces {
  const root = join(settings.root, host);
  return { ...statePlaces(join(settings.stateDir, host)), root, trash: trashOf(root) };
}

/** The trash of a host. No job can have this name. @param root `<root>/<host>` */
export function trashOf(root: string): string {
  return join(root, '.trash');
}

/** The paths of a configured job. */
export function jobPaths({ root, state }: Pick<HostPlaces, 'root' | 'state'>, job: string): JobPaths {
  const spool = join(state, 'spool', job);
  return {
    snapshots: join(root, job),
    lock: join(state, `${job}.lock`),
    ledger: join(state, `${job}.attempts.jsonl`),
    incoming: join(spool, 'incoming'),
    accepted: join(spool, 'accepted'),
    unflushed: join(state, `${job}.unflushed`),
    damage: join(state, `${job}.damage.json`),
    damageLock: join(state, `${job}.damage.lock`),
    scrub: join(state, `${job}.scrub.json`),
    manifests: join(state, 'manifests', job),
    manifestsLock: join(state, 'manifests', job, '.lock'),
    pins: join(state, `${job}.pins.json`),
    drill: join(state, `${job}.drill.json`),
  };
}
