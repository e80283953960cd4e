interface GateEndRow {
  /** The gate's exit code: the one of rsync's own with a similar meaning, for a sender that does not get the line. */
  readonly code: number;
}

/**
 * The ways in which the gate, and not rsync, ends a session. Each key is the word in the gate's one line on standard error; both
 * hosts use this table.
 */
export const GATE_ENDS = {
  /** Not let in, by policy or for lack of space. It leaves nothing on the secondary, and its id can be used again. */
  refused: { code: 2 },
  /** Let in, and ended by a limit of the host, or by something that would end another try too. Its id is used up. */
  ended: { code: 2 },
  /** A process was killed there, memory ran out, or the client fell silent. It may have left data; another try can succeed. */
  broke: { code: 20 },
} as const satisfies Record<string, GateEndRow>;

/** The keys of {@link GATE_ENDS}. */
export type GateEnd = keyof typeof GATE_ENDS;

/** The line that tells a sender how its session ended. @param reason one line, in words for the sender */
export function gateLine(end: GateEnd, reason: string): string {
  return `offsite-gate: ${end}: ${reason}`;
}

/** The reason when a snapshot does not exist. The sender distinguishes this refusal from all others by it. */
export function absentSnapshot(id: string): string {
  return `there is no snapshot ${id}`;
}

/** The reason for whatever is not the server side of an rsync. The gate of a push key gives it for `list` too, and so does one that is older. */
export const NO_CLIENT = 'only rsync may be started here, and only by an rsync client';

/** What a gate is, and what time it has. Version and clock are of use to whoever looks after both hosts, and tell nobody else much. */
export interface GateIdentity {
  readonly version: string;
  readonly time: Date;
}

/** The line below {@link NO_CLIENT}: whoever asks for a shell gets none, but learns who refused. */
export const IDENTITY_LINE = {
  write: ({ version, time }: GateIdentity): string => `offsite-gate: version ${version}, ${time.toISOString()}`,
  /** Finds such a line. @returns undefined where there is none (an older gate) */
  read: (stderr: string): GateIdentity | undefined => {
    const [, version, time = ''] =
      /^offsite-gate: version (\S{1,60}), (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$/m.exec(
        stderr.replaceAll('\r', ''),
      ) ?? [];
    return version === undefined ? undefined : { version, time: new Date(time) };
  },
};

/** The reason when a push key would read. */
export const NOTHING_READ = 'nothing can be read from here';

/** The reason when a job is not in the settings of the secondary. */
export function unknownJob(job: string): string {
  return `the job ${job} is not configured for this host`;
}

/** The reason when there is no sealed snapshot of an id, whatever else there is of it. */
export function absentSealed(id: string): string {
  return `there is no sealed snapshot ${id}`;
}

/** The reason when the basis of a push is known to be damaged, and the push does not compare with it by checksum. The sender distinguishes this refusal too. */
export function damagedBasis(id: string): string {
  return `damage was found in ${id} here, so a push has to compare with it by checksum`;
}

const LINE = new RegExp(`^offsite-gate: (${Object.keys(GATE_ENDS).join('|')}): (.*)`, 'm');

/** Finds such a line in the output on standard error. */
export function parseGateLine(stderr: string): { readonly end: GateEnd; readonly reason: string } | undefined {
  const [, end, reason = ''] = LINE.exec(stderr) ?? [];
  return end === undefined ? undefined : { end: end as GateEnd, reason };
}

/** The reason when the source itself has more names of one file than the file system of the secondary can hold. */
export const TOO_MANY_NAMES = 'more names of one file than this file system allows: Too many links';

/** What the gate has linked after a push. */
export interface FilledFigures {
  /** Names that were linked. */
  readonly linked: number;
  /** Files that could not be linked, so that they were copied on the secondary. */
  readonly copied: number;
}

/** The line that tells the sender of a push what the gate has linked. */
export const FILLED_LINE = {
  write: ({ linked, copied }: FilledFigures): string => `offsite-gate: linked ${linked}, copied ${copied}`,
  /** @returns undefined for another line */
  read: (line: string): FilledFigures | undefined => {
    const [, linked, copied] = /^offsite-gate: linked (\d{1,15}), copied (\d{1,15})$/.exec(line) ?? [];
    return linked === undefined ? undefined : { linked: Number(linked), copied: Number(copied) };
  },
};
