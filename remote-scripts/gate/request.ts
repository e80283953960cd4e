import { NO_CLIENT, NOTHING_READ } from '../../src/shared/gate-words.ts';
import { isName, SELFTEST_JOB } from '../../src/shared/names.ts';
import { notedId } from '../../src/shared/notes.ts';
import { sealedId } from '../../src/shared/seal.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import {
  calledOption,
  foreignOption,
  missingOption,
  rowOf,
  type Given,
  type SessionKind,
  type WireMetadata,
} from './options.ts';
import { checkText, LONGEST_COMMAND, orRefused, parseOptions, refuse, type Parsed } from './words.ts';

/** What both ends have to agree on, and what the client may choose. */
export interface WireOptions {
  /** Which owners and modes are sent or compared; undefined for one file. */
  readonly metadata: WireMetadata | undefined;
  /** What the client can do: the letters after `e.`. */
  readonly capabilities: string;
  readonly given: Given;
}

/** What a client asks for, parsed. Only these values of its command line are used. */
export type GateRequest =
  | {
      readonly kind: 'push';
      readonly job: string;
      readonly id: SnapshotId;
      readonly dryRun: boolean;
      /** Whether only the names of a list are sent, and not the whole tree. */
      readonly listed: boolean;
      /** Compare with the basis by checksum: it is known to hold damage that must not be linked on. */
      readonly checksum: boolean;
      /** What is not to be sent again, best first: snapshots or attempts of the same job. */
      readonly bases: readonly SnapshotId[];
      readonly wire: WireOptions;
    }
  | {
      readonly kind: 'verify';
      readonly job: string;
      readonly id: SnapshotId;
      /** Whether files that only this side has are to be reported. */
      readonly extras: boolean;
      readonly wire: WireOptions;
    }
  | { readonly kind: 'notes' | 'seal'; readonly job: string; readonly id: SnapshotId; readonly wire: WireOptions };

/** A request, or why there is none, in words for the sender. */
export type ParsedRequest = Parsed<GateRequest>;

/**
 * Reads what a client sent as `SSH_ORIGINAL_COMMAND` against a closed grammar: what stock rsync 3.2.3 to 3.5.0 sends
 * for the push, verification, canary and seal of offsite-rsync (design.md#the-wire). Everything else is refused.
 */
export function parseRequest(commandLine: string): ParsedRequest {
  return orRefused(() => parse(commandLine));
}

function parse(commandLine: string): GateRequest {
  checkText(commandLine, LONGEST_COMMAND);
  const [program, server, ...words] = commandLine.split(' ');
  if (program !== 'rsync' || server !== '--server') refuse(NO_CLIENT);
  if (words[0] === '--sender') refuse(NOTHING_READ);

  const [dot, destination] = words.slice(-2);
  if (dot !== '.' || destination === undefined) refuse('the command does not end in one destination');
  const { job, id, file } = parseDestination(destination);
  const { given, capabilities, bases } = parseOptions(words.slice(0, -2), job);

  if (file !== undefined) {
    allowOnly(file, given, bases, undefined);
    return { kind: file, job, id, wire: { metadata: undefined, capabilities, given } };
  }
  if (given.has('recursive') === given.has('relative')) refuse('neither -r nor a list of names (-R), or both');
  // rsync's receiver takes a name that the client chose for something else if everything is sent as one list.
  if (given.has('recursive') && !capabilities.includes('i'))
    refuse('the client cannot send one list for each directory (i)');
  // A list comes without hard links: the client says in its notes which names belong to one file.
  if (given.has('relative') && given.has('hardLinks') && !given.has('dryRun'))
    refuse('-H does not go with a list of names (-R)');
  const metadata = given.has('fakeSuper') ? 'fake_super' : given.has('modes') ? 'plain' : 'none';
  // Names of this machine's users mean nothing for files of another machine.
  if (metadata === 'fake_super' && !given.has('numericIds')) refuse('--numeric-ids is missing');
  const wire = { metadata, capabilities, given } as const;
  // Only a push keeps a file that was cut short, and only it writes; with both kinds -c may come.
  if (!given.has('partial') && (given.has('dryRun') || given.has('checksum'))) {
    allowOnly('verify', given, bases, metadata);
    return { kind: 'verify', job, id, extras: given.has('delete'), wire };
  }
  allowOnly('push', given, bases, metadata);
  return {
    kind: 'push',
    job,
    id,
    dryRun: given.has('dryRun'),
    listed: given.has('relative'),
    checksum: given.has('checksum'),
    bases,
    wire,
  };
}

/** `file`: what the destination is if it is a file. */
function parseDestination(text: string): { job: string; id: SnapshotId; file: 'notes' | 'seal' | undefined } {
  const [, job = '', name = '', slash] = /^([^/]+)\/([^/]+)(\/?)$/.exec(text) ?? [];
  const seal = sealedId(name);
  const file = slash === '/' ? undefined : seal === undefined ? 'notes' : 'seal';
  const id = slash === '/' ? parseSnapshotId(name) : (seal ?? notedId(name));
  const isJob = isName(job) || job === SELFTEST_JOB;
  if (!isJob || id === undefined) refuse('the destination is none of JOB/ID/, JOB/ID.notes and JOB/ID.sealed');
  if (job === SELFTEST_JOB && file !== undefined) refuse(`${SELFTEST_JOB} is for trials: nothing is sealed there`);
  return { job, id, file };
}

/** Compares what was sent with the table. */
function allowOnly(
  kind: SessionKind,
  given: Given,
  bases: readonly SnapshotId[],
  metadata: WireMetadata | undefined,
): void {
  const foreign = foreignOption(
    [...given.keys(), ...(bases.length > 0 ? (['compareDest'] as const) : [])],
    kind,
    metadata,
  );
  const missing = missingOption(given, kind, metadata);
  const wrong = foreign ?? missing;
  if (wrong === undefined) return;
  const row = rowOf(wrong);
  if ((kind === 'seal' || kind === 'notes') && row.letter !== undefined)
    refuse(`${kind === 'seal' ? 'a seal is' : 'notes are'} sent with rsync -t`);
  if (metadata !== undefined && row.metadata !== undefined)
    refuse('owners and modes are neither those of fake_super nor those of plain metadata');
  if (missing === wrong)
    refuse(
      kind === 'verify' && wrong === 'dryRun'
        ? 'a verification must be a dry run (-n)'
        : `${calledOption(wrong)} is missing in a ${kind}`,
    );
  if (kind === 'verify' && (wrong === 'compareDest' || wrong === 'fuzzy')) refuse('a verification has no basis');
  refuse(`the option ${calledOption(wrong)} is not allowed in a ${kind}`);
}
