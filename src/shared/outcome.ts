/** How one run of one job to one target can end. The keys of {@link OUTCOMES}. */
export type Outcome = keyof typeof OUTCOMES;

/** How something can fail without being ended by a signal. */
export type Fault = Exclude<Outcome, 'done' | 'interrupted'>;

interface OutcomeRow {
  /** Process exit code; `interrupted` stands for 128 + the signal's number. */
  readonly code: number;
  /** Whether a new attempt can help, because the cause may be transient. */
  readonly retried: boolean;
  /** What happened, in a few words; the docs and alerts use it. */
  readonly title: string;
  /** What to do next, for somebody who reads the alert at three in the morning. */
  readonly advice: string;
}

/** The one table of outcomes. The README's table is tested against it. */
export const OUTCOMES = {
  done: { code: 0, retried: false, title: 'done', advice: 'Nothing to do.' },
  'internal-error': {
    code: 1,
    retried: false,
    title: 'internal error',
    advice:
      'This is a bug in offsite-rsync, or rsync or ssh ended in a way that it does not know. Please report it with the log.',
  },
  usage: {
    code: 2,
    retried: false,
    title: 'usage or invalid configuration',
    advice: 'Correct what is listed, then check with: offsite-rsync config validate',
  },
  secret: {
    code: 3,
    retried: false,
    title: 'secret missing, or readable by others',
    advice: 'Provide the secret named above, with mode 0600 if it is a file.',
  },
  locked: {
    code: 4,
    retried: false,
    title: 'another run holds the lock',
    advice: 'Wait for the other run, or find out why it takes so long.',
  },
  'no-space-here': {
    code: 5,
    retried: false,
    title: 'no space left on this host',
    advice:
      'Free space or inodes on this host where state_dir and runtime_dir are (df -h, df -i). No snapshot is lost, and the next run resumes.',
  },
  'could-not-connect': {
    code: 10,
    retried: true,
    title: 'could not connect',
    advice: 'Check that the secondary is up and reachable from here, and that the host and port secrets are right.',
  },
  'access-refused': {
    code: 11,
    retried: false,
    title: 'host key or authentication refused',
    advice:
      'Check known_hosts (has the secondary been reinstalled, or is this another machine?) and that the public key is in authorized_keys of the transfer account.',
  },
  'connection-lost': {
    code: 12,
    retried: true,
    title: 'connection lost',
    advice:
      'Check the line; on the secondary, the logs of sshd and the kernel (was a process killed for lack of memory?) and gate.log. The next run resumes where the last one stopped.',
  },
  'deadline-exceeded': {
    code: 13,
    retried: false,
    title: 'deadline exceeded',
    advice:
      'Raise the deadline of the job, lift its bandwidth_limit, or find out why the line is slow. The next run resumes.',
  },
  refused: {
    code: 14,
    retried: false,
    title: 'refused by the secondary',
    advice: 'Read the reason above; on the secondary, check the authorized_keys entry and what it starts.',
  },
  'secondary-full': {
    code: 15,
    retried: false,
    title: 'secondary full',
    advice: 'Free space or inodes on the secondary or raise the quota; its prune policy decides what may go.',
  },
  'source-guard': {
    code: 16,
    retried: false,
    title: 'source guard failed',
    advice:
      'Look at the local backup job first: what it left is not worth sending. If the reason names the clock, set that right (timedatectl). If the source is right after all, run with --force.',
  },
  incomplete: {
    code: 17,
    retried: true,
    title: 'transfer incomplete',
    advice:
      'Make what is named above readable, and stable while it is sent (backup job finished? snapshot of the file system?), or exclude it.',
  },
  corruption: {
    code: 20,
    retried: false,
    title: 'corruption: verification found differences',
    advice:
      'Do not trust this snapshot. Check disks and memory of both hosts, then run again: the next run compares by checksum and sends whatever differs.',
  },
  'verification-blind': {
    code: 21,
    retried: false,
    title: 'verification is blind: the canary was not reported',
    advice:
      'The secondary hides differences (rrsync -no-overwrite does): correct its forced command. Nothing that it reported can be trusted.',
  },
  'not-identical': {
    code: 22,
    retried: false,
    title: 'no damage found, but not identical to the source',
    advice:
      'Nothing, if the source was to change. Whether the entries that could not be compared are still what was stored, only the secondary can tell.',
  },
  stale: {
    code: 40,
    retried: false,
    title: 'stale: no sealed snapshot when one was due',
    advice: 'Find out why the local backup job or the transfer did not run.',
  },
  findings: {
    code: 42,
    retried: false,
    title: 'findings: something that was looked at is not in order',
    advice: 'Correct what is marked ✗ above, then try again.',
  },
  interrupted: {
    code: 128,
    retried: false,
    title: 'ended by a signal',
    advice: 'Start it again; a run resumes where it stopped.',
  },
} as const satisfies Record<string, OutcomeRow>;

const SIGNAL_NUMBERS: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/**
 * The exit code of an outcome.
 * @param signal the signal that ended the run, for `interrupted`
 */
export function exitCodeOf(outcome: Outcome, signal?: NodeJS.Signals): number {
  const { code } = OUTCOMES[outcome];
  return outcome === 'interrupted' ? code + (signal === undefined ? 0 : (SIGNAL_NUMBERS[signal] ?? 0)) : code;
}
