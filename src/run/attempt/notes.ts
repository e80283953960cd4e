import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { notesArguments } from '../../rsync/arguments.ts';
import { decodeName } from '../../rsync/itemized.ts';
import { runSession, type SessionResult } from '../../rsync/session.ts';
import { MAX_NOTES_BYTES, MAX_NOTES_RECORDS, NOTES_HEADER, notesName } from '../../shared/notes.ts';
import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';

/** What the gate has to know about a push beforehand. */
export interface Notes {
  /** Names that are not to be linked, and to be removed where an attempt that is continued has them; as rsync wrote them. */
  readonly gone: readonly string[];
  /** Names of one file each. */
  readonly groups: readonly (readonly string[])[];
}

/** How the notes were sent. */
export type NotesSent =
  | { readonly kind: 'none' }
  /** They are larger than the gate takes. */
  | { readonly kind: 'too-large' }
  | { readonly kind: 'sent'; readonly session: SessionResult };

/** Sends the notes of a push, if there are any. @throws NodeJS.ErrnoException when this host's disk is full */
export async function sendNotes(spec: AttemptSpec, { gone, groups }: Notes, deps: AttemptDeps): Promise<NotesSent> {
  if (gone.length === 0 && groups.length === 0) return { kind: 'none' };
  const { wire, tree, directory, environment, signal } = { ...spec, ...deps };
  const count = groups.reduce((sum, { length }) => sum + length, gone.length + 1);
  if (count > MAX_NOTES_RECORDS) return { kind: 'too-large' };
  const name = notesName(tree.id);
  const file = join(directory, name);
  const bytes = await writeRecords(file, noteRecords({ gone, groups }));
  if (bytes > MAX_NOTES_BYTES) return { kind: 'too-large' };
  const args = notesArguments(wire, file, tree.job, name);
  const session = { args, mode: 'check', environment, signal, stallMs: wire.stallMs } as const;
  return { kind: 'sent', session: await runSession(session, deps.runProcess) };
}

/** Writes the names that a push has to look at, for `--files-from`. */
export async function writeList(path: string, names: readonly string[]): Promise<void> {
  // With the dot, no name is taken for anything else. That of the source itself stands alone.
  await writeRecords(
    path,
    names.map((name) => (name === '.' ? [Buffer.from('.')] : [Buffer.from('./'), decodeName(name)])),
  );
}

/** The records of notes (src/shared/notes.ts), each without its end. */
export function* noteRecords({ gone, groups }: Notes): Generator<readonly Buffer[]> {
  yield [Buffer.from(NOTES_HEADER)];
  for (const name of gone) yield [Buffer.from('-'), decodeName(name.replace(/\/$/, ''))];
  for (const group of groups) {
    for (const [index, name] of group.entries()) yield [Buffer.from(index === 0 ? '=' : '+'), decodeName(name)];
  }
}

/** @returns the bytes that were written */
async function writeRecords(path: string, parts: Iterable<readonly Buffer[]>): Promise<number> {
  let bytes = 0;
  function* chunks(): Generator<Buffer> {
    let gathered: Buffer[] = [];
    let size = 0;
    for (const record of parts) {
      gathered.push(...record, END);
      size += record.reduce((sum, { length }) => sum + length, 1);
      if (size < GATHERED) continue;
      yield Buffer.concat(gathered);
      [bytes, gathered, size] = [bytes + size, [], 0];
    }
    bytes += size;
    yield Buffer.concat(gathered);
  }
  await pipeline(Readable.from(chunks()), createWriteStream(path, { mode: 0o600 }));
  return bytes;
}

const END = Buffer.of(0);

/** Bytes that are written at once. */
const GATHERED = 256 * 1024;
