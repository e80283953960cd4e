interface GateEndRow {
  /** The gate's exit code. One of rsync's own with a like meaning, for a sender that the words do not reach. */
  readonly code: number;
}

/**
 * How a session behind the gate ends that rsync did not end: the word in the gate's one line on standard error. Both hosts
 * have it from here.
 */
export const GATE_ENDS = {
  /** Not let in, by policy or for want of space. Nothing of it is left on the secondary, not even its id. */
  refused: { code: 2 },
  /** Let in, and ended by a limit of the host, or by what another try would meet again. Its id is used up. */
  ended: { code: 2 },
  /** A process was killed there, memory ran out, the client fell silent. It may have left something; worth another try. */
  broke: { code: 20 },
} as const satisfies Record<string, GateEndRow>;

/** The keys of {@link GATE_ENDS}. */
export type GateEnd = keyof typeof GATE_ENDS;

/** The line that tells a sender of an end. @param reason one line, in words for the sender */
export function gateLine(end: GateEnd, reason: string): string {
  return `offsite-gate: ${end}: ${reason}`;
}

/** The reason of a refusal for want of a snapshot: by it the sender tells "not there" from any other. */
export function absentSnapshot(id: string): string {
  return `there is no snapshot ${id}`;
}

const LINE = new RegExp(`^offsite-gate: (${Object.keys(GATE_ENDS).join('|')}): (.*)`, 'm');

/** Finds such a line in what came on standard error. */
export function parseGateLine(stderr: string): { readonly end: GateEnd; readonly reason: string } | undefined {
  const [, end, reason = ''] = LINE.exec(stderr) ?? [];
  return end === undefined ? undefined : { end: end as GateEnd, reason };
}
