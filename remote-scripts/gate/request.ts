import { isName } from '../../src/shared/names.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { LETTERS, LONG_OPTIONS, metadataOf, MOST_BASES, type LongOption, type WireOptions } from './options.ts';

/** What a client asks for, parsed; nothing of its command line goes on but these values. */
export type GateRequest =
  | {
      readonly kind: 'push';
      readonly job: string;
      readonly id: SnapshotId;
      readonly dryRun: boolean;
      /** Compare with the bases by checksum: they are known to hold damage that must not be linked on. */
      readonly checksum: boolean;
      /** Snapshots or attempts of the same job to link to, in this order. */
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
  | { readonly kind: 'seal'; readonly job: string; readonly id: SnapshotId; readonly wire: WireOptions };

/** A request, or why there is none, in words for the sender. */
export type ParsedRequest =
  { readonly ok: true; readonly request: GateRequest } | { readonly ok: false; readonly reason: string };

/** Longest command line that is looked at, in characters; ours have some 250. */
export const LONGEST_COMMAND = 1024;

// No backslash, quote, glob, control character or white space but the blank: rrsync and rsync then read the
// rebuilt words exactly as we do (facts.md#white-space).
const ALPHABET = /^[A-Za-z0-9 ._/=%-]*$/;

/** Thrown inside this file only. */
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
  if (!ALPHABET.test(commandLine)) refuse('the command has a character that no command of offsite-rsync has');
  const [program, server, ...words] = commandLine.split(' ');
  if (program !== 'rsync' || server !== '--server') refuse('only rsync may be started here, and only by rsync');
  if (words[0] === '--sender') refuse('nothing can be read from here');

  const [dot, destination] = words.slice(-2);
  if (dot !== '.' || destination === undefined) refuse('the command does not end in one destination');
  const { job, id, sealed } = parseDestination(destination);
  const { letters, capabilities, long, bases } = parseOptions(words.slice(0, -2), job);

  if (sealed) {
    expectExactly(letters, 't', 'z');
    allowOnly(long, 'seal');
    return { kind: 'seal', job, id, wire: wireOptions('none', letters, capabilities, long) };
  }
  // Sent as one list, a list has a name at the index for which rsync's receiver takes the number of a basis.
  if (!capabilities.includes('i')) refuse('the client cannot send one list for each directory (i)');
  const metadata = metadataOf(letters, long.has('fake-super'));
  if (metadata === undefined) refuse('owners and modes are neither those of fake_super nor those of plain metadata');
  // Names of this machine's own users have no meaning for files of another.
  if (metadata === 'fake_super' && !long.has('numeric-ids')) refuse('--numeric-ids is missing');
  const wire = wireOptions(metadata, letters, capabilities, long);
  // Only a push names a file that was cut short (--partial) or another basis; with both kinds -c may come.
  if (letters.has('c') && !long.has('partial')) {
    if (!letters.has('n')) refuse('a verification must be a dry run (-n)');
    if (letters.has('y') || bases.length > 0) refuse('a verification has no basis');
    allowOnly(long, 'verify');
    return { kind: 'verify', job, id, extras: long.has('delete'), wire };
  }
  allowOnly(long, 'push');
  return { kind: 'push', job, id, dryRun: letters.has('n'), checksum: letters.has('c'), bases, wire };
}

function parseDestination(text: string): { job: string; id: SnapshotId; sealed: boolean } {
  const match = /^([^/]+)\/([^/.]+)(\/|\.sealed)$/.exec(text);
  const [, job = '', name = '', end] = match ?? [];
  const id = parseSnapshotId(name);
  if (!isName(job) || id === undefined) refuse('the destination is neither JOB/ID/ nor JOB/ID.sealed');
  return { job, id, sealed: end === '.sealed' };
}

interface Options {
  /** How often each letter was given. */
  readonly letters: ReadonlyMap<string, number>;
  readonly capabilities: string;
  readonly long: ReadonlyMap<LongOption, string>;
  readonly bases: readonly SnapshotId[];
}

function parseOptions(words: readonly string[], job: string): Options {
  let cluster: Pick<Options, 'letters' | 'capabilities'> | undefined;
  const long = new Map<LongOption, string>();
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
    if (name === 'link-dest') {
      // rsync sends the value as a word of its own.
      if (value === undefined) index += 1;
      bases.push(parseBasis(value ?? words[index] ?? '', job));
      continue;
    }
    if (!isLongOption(name)) refuse(`the option --${name} is not allowed`);
    if (long.has(name)) refuse(`the option --${name} is given twice`);
    if (!LONG_OPTIONS[name].value.test(value ?? '')) refuse(`the option --${name} has a value that is not allowed`);
    if (value === '') refuse(`the option --${name} has no value`);
    long.set(name, value ?? '');
  }
  if (cluster === undefined) refuse('the letters of a stock rsync client are missing');
  if (bases.length > MOST_BASES) refuse(`more than ${MOST_BASES} --link-dest`);
  return { ...cluster, long, bases };
}

function parseCluster(word: string): Pick<Options, 'letters' | 'capabilities'> {
  const match = /^-([A-Za-df-z]+)e\.([A-Za-z]{0,24})$/.exec(word);
  const [, group, capabilities] = match ?? [];
  if (group === undefined || capabilities === undefined) refuse('the letters are not those of a stock rsync client');
  const letters = new Map<string, number>();
  for (const letter of group) {
    const most = LETTERS.get(letter);
    if (most === undefined) refuse(`the option -${letter} is not allowed`);
    const times = (letters.get(letter) ?? 0) + 1;
    if (times > most) refuse(`the option -${letter} is given too often`);
    letters.set(letter, times);
  }
  return { letters, capabilities };
}

function parseBasis(text: string, job: string): SnapshotId {
  const match = /^\/([^/]+)\/([^/]+)\/$/.exec(text);
  const [, basisJob, name = ''] = match ?? [];
  const id = parseSnapshotId(name);
  if (basisJob !== job || id === undefined) refuse('--link-dest is not /JOB/ID/ of the same job');
  return id;
}

function wireOptions(
  metadata: WireOptions['metadata'],
  letters: ReadonlyMap<string, number>,
  capabilities: string,
  long: ReadonlyMap<LongOption, string>,
): WireOptions {
  const number = (name: LongOption) => (long.has(name) ? { [name]: Number(long.get(name)) } : {});
  const logFormat = long.get('log-format');
  const compressChoice = long.get('compress-choice');
  return {
    metadata,
    hardLinks: letters.has('H'),
    fuzzy: letters.get('y') ?? 0,
    compress: letters.has('z'),
    capabilities,
    numericIds: long.has('numeric-ids'),
    partial: long.has('partial'),
    stats: long.has('stats'),
    ...(logFormat === undefined ? {} : { logFormat }),
    ...(compressChoice === undefined ? {} : { compressChoice }),
    ...number('timeout'),
    ...number('bwlimit'),
  };
}

function isLongOption(name: string): name is LongOption {
  return Object.hasOwn(LONG_OPTIONS, name);
}

function allowOnly(long: ReadonlyMap<LongOption, string>, kind: GateRequest['kind']): void {
  for (const name of long.keys()) {
    const kinds: readonly GateRequest['kind'][] = LONG_OPTIONS[name].kinds;
    if (!kinds.includes(kind)) refuse(`the option --${name} is not allowed in a ${kind}`);
  }
}

function expectExactly(letters: ReadonlyMap<string, number>, needed: string, optional: string): void {
  const missing = needed.split('').some((letter) => !letters.has(letter));
  const foreign = [...letters.keys()].some((letter) => !`${needed}${optional}`.includes(letter));
  if (missing || foreign) refuse('a seal is sent with rsync -t');
}

function refuse(reason: string): never {
  throw new Refusal(reason);
}
