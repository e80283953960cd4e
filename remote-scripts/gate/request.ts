import { isName } from '../../src/shared/names.ts';
import { notedId } from '../../src/shared/notes.ts';
import { sealedId } from '../../src/shared/seal.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import {
  calledOption,
  foreignOption,
  missingOption,
  MOST_BASES,
  optionOfLetter,
  optionOfLongName,
  rowOf,
  type Given,
  type OptionName,
  type SessionKind,
  type WireMetadata,
} from './options.ts';

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
export type ParsedRequest =
  { readonly ok: true; readonly request: GateRequest } | { readonly ok: false; readonly reason: string };

/** Longest command line that is accepted, in characters; ours have some 250. */
export const LONGEST_COMMAND = 1024;

// No backslash, quote, glob, control character or white space but the blank: rrsync and rsync then read the
// rebuilt words exactly as we do (facts.md#white-space).
const ALPHABET = /^[A-Za-z0-9 ._/=%-]*$/;

/** Thrown only within this file. */
class Refusal extends Error {}

/**
 * Reads what a client sent as `SSH_ORIGINAL_COMMAND` against a closed grammar: what stock rsync 3.2.3 to 3.5.0 sends
 * for the push, verification, canary and seal of offsite-rsync (design.md#the-wire). Everything else is refused.
 */
export function parseRequest(commandLine: string): ParsedRequest {
  try {
    return { ok: true, request: parse(commandLine) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.message };
    throw error;
  }
}

function parse(commandLine: string): GateRequest {
  if (commandLine.length > LONGEST_COMMAND) refuse(`the command is longer than ${LONGEST_COMMAND} characters`);
  if (!ALPHABET.test(commandLine)) refuse('the command contains a character that offsite-rsync never sends');
  const [program, server, ...words] = commandLine.split(' ');
  if (program !== 'rsync' || server !== '--server')
    refuse('only rsync may be started here, and only by an rsync client');
  if (words[0] === '--sender') refuse('nothing can be read from here');

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
  if (!isName(job) || id === undefined) refuse('the destination is none of JOB/ID/, JOB/ID.notes and JOB/ID.sealed');
  return { job, id, file };
}

interface Options {
  readonly given: Given;
  readonly capabilities: string;
  readonly bases: readonly SnapshotId[];
}

function parseOptions(words: readonly string[], job: string): Options {
  let cluster: Cluster | undefined;
  const long = new Map<OptionName, string>();
  const bases: SnapshotId[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!word.startsWith('--')) {
      if (cluster !== undefined) refuse('one group of letters is expected, not two');
      cluster = parseCluster(word);
      continue;
    }
    const equals = word.indexOf('=');
    const name = word.slice(2, equals === -1 ? undefined : equals);
    const value = equals === -1 ? undefined : word.slice(equals + 1);
    const option = optionOfLongName(name);
    if (option === undefined) refuse(`the option --${name} is not allowed`);
    if (option === 'compareDest') {
      // rsync sends the value as a word of its own.
      if (value === undefined) index += 1;
      bases.push(parseBasis(value ?? words[index] ?? '', job));
      continue;
    }
    if (long.has(option)) refuse(`the option --${name} is given twice`);
    if (rowOf(option).value?.test(value ?? '') !== true) refuse(`the option --${name} has a value that is not allowed`);
    if (value === '') refuse(`the option --${name} has no value`);
    long.set(option, value ?? '');
  }
  if (cluster === undefined) refuse('the letters of a stock rsync client are missing');
  if (bases.length > MOST_BASES) refuse(`more than ${MOST_BASES} --compare-dest`);
  return { given: new Map([...cluster.letters, ...long]), capabilities: cluster.capabilities, bases };
}

interface Cluster {
  readonly letters: Given;
  readonly capabilities: string;
}

function parseCluster(word: string): Cluster {
  const match = /^-([A-Za-df-z]+)e\.([A-Za-z]{0,24})$/.exec(word);
  const [, group, capabilities] = match ?? [];
  if (group === undefined || capabilities === undefined) refuse('the letters are not those of a stock rsync client');
  const letters = new Map<OptionName, string>();
  for (const letter of group) {
    const option = optionOfLetter(letter);
    if (option === undefined) refuse(`the option -${letter} is not allowed`);
    const given = `${letters.get(option) ?? ''}${letter}`;
    if (given.length > (rowOf(option).most ?? 1)) refuse(`the option -${letter} is given too often`);
    letters.set(option, given);
  }
  return { letters, capabilities };
}

function parseBasis(text: string, job: string): SnapshotId {
  const match = /^\/([^/]+)\/([^/]+)\/$/.exec(text);
  const [, basisJob, name = ''] = match ?? [];
  const id = parseSnapshotId(name);
  if (basisJob !== job || id === undefined) refuse('--compare-dest is not /JOB/ID/ of the same job');
  return id;
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

function refuse(reason: string): never {
  throw new Refusal(reason);
}
