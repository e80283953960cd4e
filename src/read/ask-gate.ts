import type { ProcessEnd } from '../platform/process.ts';
import { interruptionOf, type Failure } from '../run/failure.ts';
import { NO_CLIENT, parseGateLine } from '../shared/gate-words.ts';
import { LIST } from '../shared/reading.ts';
import { parseListing, type StoreListing } from '../shared/store-listing.ts';
import type { Asking } from './open-secondary.ts';
import { ReadError } from './snapshot-source.ts';

/** Longest answer that is taken, in characters: that of 200,000 snapshots. */
const LONGEST_ANSWER = 64 * 2 ** 20;

/** Asks the gate what is stored. @throws ReadError */
export async function askGate(asking: Asking): Promise<StoreListing> {
  const { alias, wire, job, signal, environment, stallMs, runProcess } = asking;
  const [program = 'ssh', ...args] = wire.remoteShell;
  const lines: string[] = [];
  const enough = new AbortController();
  let length = 0;
  const end = await runProcess({
    program,
    args: [...args, alias, LIST, ...(job === undefined ? [] : [job])],
    env: environment,
    signal: AbortSignal.any([signal, enough.signal]),
    stallMs,
    onStdoutLine: (line) => {
      length += line.length + 1;
      if (length > LONGEST_ANSWER) enough.abort();
      else lines.push(line);
    },
  });
  if (enough.signal.aborted) {
    const reason = 'the secondary answers with more than a list of snapshots can be, so this was broken off';
    throw new ReadError({ outcome: 'refused', reason });
  }
  if (end.kind !== 'exited' || end.code !== 0) throw new ReadError(failureOf(end, asking));
  const listing = parseListing(lines);
  if (listing !== undefined) return listing;
  throw new ReadError({
    outcome: 'refused',
    reason: 'the secondary did not answer as a gate does: the versions on both hosts may differ too much',
  });
}

function failureOf(end: ProcessEnd, { alias, signal }: Asking): Failure {
  if (end.kind === 'aborted') return interruptionOf(signal);
  if (end.kind === 'not-started')
    return { outcome: 'usage', reason: `ssh cannot be started here: ${end.cause.message}` };
  const said = end.stderrTail.trim();
  const gate = parseGateLine(said);
  if (gate?.end === 'refused' && gate.reason === NO_CLIENT) return pushKey(alias);
  if (gate !== undefined) return { outcome: gate.end === 'broke' ? 'connection-lost' : 'refused', reason: gate.reason };
  if (said.includes('rrsync')) {
    return {
      outcome: 'refused',
      reason: `the target ${alias} says \`secondary: gate\`, but plain rrsync answers there`,
      advice: 'Write `secondary: rrsync` in the target.',
    };
  }
  const last = said.split('\n').at(-1) ?? '';
  return { outcome: 'connection-lost', reason: `the secondary gave no answer${last === '' ? '' : `: ${last}`}` };
}

/** What a push key is told, and a read key by a secondary whose gate is older or whose sshd forces one command. */
export function pushKey(alias: string): Failure {
  return {
    outcome: 'refused',
    reason: `this key may not read ${alias}: it is a key that pushes, or none that reads is installed there`,
    advice:
      'Make a read key, and on the secondary: offsite-secondary add-host HOST --read-key FILE.pub (a gate of this version is needed). offsite-gate --check HOST says what each key may do.',
  };
}
