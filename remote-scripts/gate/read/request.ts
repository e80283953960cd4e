import { NO_CLIENT } from '../../../src/shared/gate-words.ts';
import { isName } from '../../../src/shared/names.ts';
import { LIST, parseReadable, type ReadableThing } from '../../../src/shared/reading.ts';
import type { SnapshotId } from '../../../src/shared/snapshot-id.ts';
import { calledOption, foreignOption } from '../options.ts';
import type { WireOptions } from '../request.ts';
import { checkText, orRefused, parseOptions, refuse, type Parsed } from '../words.ts';

/** What a client with the read key asks for through rsync. */
export interface ReadRequest {
  readonly kind: 'read';
  readonly job: string;
  readonly id: SnapshotId;
  readonly thing: ReadableThing;
  /** Below the snapshot, without a slash in front, and with one behind it if the content of a directory is meant; empty for all of it. */
  readonly path: string;
  readonly wire: WireOptions;
}

/** The question what is stored. */
export interface ListRequest {
  readonly kind: 'list';
  /** Undefined: all jobs. */
  readonly job: string | undefined;
}

/** Longest command line that is accepted, in characters: that of the longest path (PATH_MAX). */
const LONGEST_READ = 5000;

// As for the push, and what is frequent in the names of files. Any other name is chosen by rsync's filters, which are no words.
const ALPHABET = /^[A-Za-z0-9 ._/=%+,@:~-]*$/;

/**
 * Reads what a client with the read key sent as `SSH_ORIGINAL_COMMAND` against a closed grammar: `list`, or what stock rsync sends to
 * read from one snapshot. Everything else is refused, whatever is written above all.
 */
export function parseReadRequest(commandLine: string): Parsed<ReadRequest | ListRequest> {
  return orRefused(() => parse(commandLine));
}

function parse(commandLine: string): ReadRequest | ListRequest {
  checkText(commandLine, LONGEST_READ, ALPHABET);
  const words = commandLine.split(' ');
  const [program, server, sender] = words;
  if (program === LIST) return parseList(words.slice(1));
  if (program !== 'rsync' || server !== '--server') refuse(NO_CLIENT);
  if (sender !== '--sender') refuse('this key only reads; nothing can be written with it');
  const [dot, place] = words.slice(-2);
  if (words.length < 6 || dot !== '.' || place === undefined) refuse('the command does not end in one place to read');
  const { job, id, thing, path } = parsePlace(place);
  const { given, capabilities, bases } = parseOptions(words.slice(3, -2), job);
  if (bases.length > 0) refuse('the option --compare-dest is not allowed in a read');

  const metadata = given.has('fakeSuper') ? 'fake_super' : given.has('modes') ? 'plain' : 'none';
  const foreign = foreignOption(given.keys(), 'read', undefined);
  if (foreign !== undefined) refuse(`the option ${calledOption(foreign)} is not allowed in a read`);
  // Names of this machine's users mean nothing for files of another machine; without --fake-super all belongs to this account.
  if (['owner', 'group', 'acls'].some((name) => given.has(name as 'owner')) && !given.has('fakeSuper')) {
    refuse('owners, groups and ACLs are read with -M--fake-super');
  }
  if (metadata === 'fake_super' && !given.has('numericIds')) refuse('--numeric-ids is missing');
  if (isFile(thing) && (given.has('recursive') || given.has('dirs'))) refuse('that is one file');
  if (given.has('recursive') && !capabilities.includes('i'))
    refuse('the client cannot take one list for each directory (i)');
  return { kind: 'read', job, id, thing, path, wire: { metadata, capabilities, given } };
}

function parseList(jobs: readonly string[]): ListRequest {
  const [job] = jobs;
  if (jobs.length > 1 || (job !== undefined && !isName(job))) refuse('list takes one JOB at most');
  return { kind: 'list', job };
}

function isFile(thing: ReadableThing): boolean {
  return thing === 'seal' || thing === 'manifest';
}

function parsePlace(text: string): Pick<ReadRequest, 'job' | 'id' | 'thing' | 'path'> {
  const [, job = '', name = '', path] = /^\/?([^/]+)\/([^/]+)(?:\/(.*))?$/.exec(text) ?? [];
  const readable = parseReadable(name);
  if (!isName(job) || readable === undefined || isFile(readable.thing) === (path !== undefined))
    refuse('the place is none of JOB/ID/[PATH], JOB/ID.unsealed/[PATH], JOB/ID.sealed and JOB/ID.sha256');
  const steps = path === undefined || path === '' ? [] : path.replace(/\/$/, '').split('/');
  if (steps.some((step) => step === '' || step === '.' || step === '..')) refuse('the path has a step that is none');
  return { job, ...readable, path: path ?? '' };
}
