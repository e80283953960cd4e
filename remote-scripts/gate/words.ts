import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { MOST_BASES, optionOfLetter, optionOfLongName, rowOf, type Given, type OptionName } from './options.ts';

/** Longest command line of a session of the push key, in characters; ours have some 250. */
export const LONGEST_COMMAND = 1024;

// No backslash, quote, glob, control character or white space but the blank: rrsync and rsync then read the
// rebuilt words exactly as we do (facts.md#white-space).
const ALPHABET = /^[A-Za-z0-9 ._/=%-]*$/;

/** A request, or why there is none, in words for the client. */
export type Parsed<T> = { readonly ok: true; readonly request: T } | { readonly ok: false; readonly reason: string };

/** Thrown only within this file, by {@link refuse}; {@link orRefused} catches it. */
class Refusal extends Error {}

/** Ends the parsing of a command. @param reason in words for the client */
export function refuse(reason: string): never {
  throw new Refusal(reason);
}

/** Runs a parser, and returns what it read or why it refused. */
export function orRefused<T>(parse: () => T): Parsed<T> {
  try {
    return { ok: true, request: parse() };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, reason: error.message };
    throw error;
  }
}

/**
 * Refuses a command that is too long, or has a character that our client never sends.
 * @param longest in characters
 * @param alphabet what it may consist of
 */
export function checkText(commandLine: string, longest: number, alphabet: RegExp = ALPHABET): void {
  if (commandLine.length > longest) refuse(`the command is longer than ${longest} characters`);
  if (!alphabet.test(commandLine)) refuse('the command contains a character that offsite-rsync never sends');
}

/** The options of a command. */
interface Options {
  readonly given: Given;
  readonly capabilities: string;
  readonly bases: readonly SnapshotId[];
}

/**
 * Reads the words between `--server` (and `--sender`) and the dot, by the table; what has no row is refused.
 * @param job the only one whose snapshots may be bases
 */
export function parseOptions(words: readonly string[], job: string): Options {
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
    if (cluster === undefined) refuse('the letters of a stock rsync client are missing, or do not come first');
    const equals = word.indexOf('=');
    const name = word.slice(2, equals === -1 ? undefined : equals);
    const value = equals === -1 ? undefined : word.slice(equals + 1);
    const option = optionOfLongName(name);
    if (option === undefined) refuse(`the option --${name} is not allowed`);
    if (option === 'compareDest') {
      // rsync sends the value as a word of its own.
      if (value !== undefined) refuse(`the option --${name} has a value that is not allowed: it is a word of its own`);
      index += 1;
      bases.push(parseBasis(words[index] ?? '', job));
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
