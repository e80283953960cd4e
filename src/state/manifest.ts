import { createReadStream } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, createGzip, gunzipSync, gzip } from 'node:zlib';
import { isMissing, makePrivateDirectory, writeFileAtomic } from '../platform/files.ts';
import { parseTime } from '../shared/iso-time.ts';
import { parseSnapshotId, type SnapshotId } from '../shared/snapshot-id.ts';

/** One entry as a push named it. */
export interface ManifestEntry {
  /** Path below the source, as rsync writes it. */
  readonly name: string;
  /** `file`, `directory`, `symlink`, … */
  readonly kind: string;
  /** Bytes. */
  readonly size: number;
  /** As rsync writes it, in whole seconds, UTC; it contains no blank. */
  readonly mtime: string;
}

/** Records the entries that a push names, as they arrive. They are kept compressed, some 12 bytes per entry. */
export interface ManifestWriter {
  add(entry: ManifestEntry): void;
  /** The compressed list. Nothing may be added afterwards. */
  end(): Promise<Buffer>;
}

/** What a sealed snapshot contained, as recorded by the run that verified it. */
export interface Manifest {
  /** When its verification began. What the source contained at that moment is what was stored. */
  readonly verifiedFrom: Date;
  /** Looks an entry up by its name; undefined if the snapshot did not contain it. */
  entry(name: string): ManifestEntry | undefined;
}

/** Characters that are collected before they are compressed: each call of zlib is a round trip to another thread. */
const GATHERED = 256 * 1024;

/** Bytes that the lists of one job and target may take. The newest is kept regardless of its size. */
const KEPT_BYTES = 64 * 1024 ** 2;

/** Makes a {@link ManifestWriter}. */
export function createManifest(): ManifestWriter {
  const packer = createGzip({ level: 1 });
  const packed: Buffer[] = [];
  packer.on('data', (chunk: Buffer) => packed.push(chunk));
  let lines = '';
  return {
    add: ({ kind, size, mtime, name }) => {
      lines += `${factsOf({ kind, size, mtime })} ${name}\n`;
      if (lines.length < GATHERED) return;
      packer.write(lines);
      lines = '';
    },
    end: () =>
      new Promise((resolve, reject) => {
        packer.once('error', reject);
        packer.once('end', () => resolve(Buffer.concat(packed)));
        packer.end(lines);
      }),
  };
}

/**
 * Saves the list of a sealed snapshot, and keeps as many older ones as there is room for.
 * @param packed the result of {@link ManifestWriter.end}
 * @throws NodeJS.ErrnoException when the disk is full or the directory not writable
 */
export async function saveManifest(
  stateDirectory: string,
  job: string,
  target: string,
  { id, verifiedFrom, packed }: { readonly id: SnapshotId; readonly verifiedFrom: Date; readonly packed: Buffer },
): Promise<void> {
  const directory = directoryOf(stateDirectory, job, target);
  await makePrivateDirectory(directory);
  const header = await promisify(gzip)(`${JSON.stringify({ version: 1, verifiedFrom: verifiedFrom.toISOString() })}\n`);
  // Two gzip members one after the other are one gzip file (RFC 1952, 2.2).
  await writeFileAtomic(join(directory, fileName(id)), Buffer.concat([header, packed]));
  await forgetOldest(directory);
}

/**
 * Reads the list of a snapshot.
 * @returns undefined when there is none, or it is damaged
 * @throws NodeJS.ErrnoException when it exists but cannot be read
 */
export async function loadManifest(
  stateDirectory: string,
  job: string,
  target: string,
  id: SnapshotId,
): Promise<Manifest | undefined> {
  let file: Buffer;
  try {
    file = await readFile(join(directoryOf(stateDirectory, job, target), fileName(id)));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return read(gunzipSync(file));
  } catch {
    return undefined;
  }
}

/**
 * Reads the list of a snapshot as a stream, which takes no memory.
 * @param onEntry called with each name and with the rest of what is known of it, as {@link factsOf} writes it
 * @returns whether there is a list, and it is undamaged
 */
export async function streamManifest(
  stateDirectory: string,
  job: string,
  target: string,
  id: SnapshotId,
  onEntry: (name: string, facts: string) => void,
): Promise<boolean> {
  const file = createReadStream(join(directoryOf(stateDirectory, job, target), fileName(id)));
  let isList: boolean | undefined;
  try {
    await pipeline(file, createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const lines of linesOf(chunks)) {
        for (const line of lines) {
          if (isList === undefined) isList = headerOf(line) !== undefined;
          else if (isList) onEntry(...splitLine(line));
        }
      }
    });
  } catch {
    return false; // there is none, or it is damaged: the push then looks at everything
  }
  return isList === true;
}

/**
 * The names of the regular files in a list, many at a time.
 * @param packed the result of {@link ManifestWriter.end}
 */
export async function* filesIn(packed: Buffer): AsyncGenerator<string[]> {
  const unpacked = createGunzip();
  unpacked.end(packed);
  for await (const lines of linesOf(unpacked)) {
    yield lines.filter((line) => line.startsWith('file ')).map((line) => splitLine(line)[0]);
  }
}

/** @throws Error when the last line does not end */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk.toString('latin1')).split('\n'); // rsync escapes what is not ASCII
    rest = lines.pop() ?? '';
    yield lines;
  }
  if (rest !== '') throw new Error('the list of a snapshot ends within a line');
}

/** A line as its name and the rest. */
function splitLine(line: string): [name: string, facts: string] {
  let blank = -1;
  for (let blanks = 0; blanks < 3; blanks += 1) blank = line.indexOf(' ', blank + 1);
  return [line.slice(blank + 1), line.slice(0, blank)];
}

/** What is known of an entry beside its name, in one string. */
export function factsOf({ kind, size, mtime }: Omit<ManifestEntry, 'name'>): string {
  return `${kind} ${size} ${mtime}`;
}

function headerOf(line: string): Date | undefined {
  const { version, verifiedFrom } = JSON.parse(line) as { version?: unknown; verifiedFrom?: unknown };
  return version === 1 ? parseTime(verifiedFrom) : undefined;
}

function read(text: Buffer): Manifest | undefined {
  const end = text.indexOf(0x0a);
  const verifiedFrom = headerOf(text.toString('utf8', 0, end));
  if (verifiedFrom === undefined) return undefined;
  let entries: Map<string, string> | undefined;
  return {
    verifiedFrom,
    entry: (name) => {
      entries ??= readEntries(text, end + 1); // never needed for an intact snapshot
      const known = entries.get(name)?.split(' ');
      if (known === undefined) return undefined;
      const [kind = '', size = '', mtime = ''] = known;
      return { name, kind, size: Number(size), mtime };
    },
  };
}

/** Names, each with the rest of its entry as one string, which takes less memory than an object. */
function readEntries(text: Buffer, from: number): Map<string, string> {
  const entries = new Map<string, string>();
  for (let start = from; start < text.length;) {
    const end = text.indexOf(0x0a, start);
    if (end === -1) break;
    entries.set(...splitLine(text.toString('utf8', start, end)));
    start = end + 1;
  }
  return entries;
}

/** Removes the oldest lists beyond {@link KEPT_BYTES}. Without its list, a snapshot is judged by the source's ctimes alone. */
async function forgetOldest(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => parseSnapshotId(name.slice(0, -ENDING.length)));
  let bytes = 0;
  for (const [index, name] of names.sort().reverse().entries()) {
    bytes += (await stat(join(directory, name))).size;
    if (index > 0 && bytes > KEPT_BYTES) await rm(join(directory, name), { force: true });
  }
}

const ENDING = '.list.gz';

function fileName(id: SnapshotId): string {
  return `${id}${ENDING}`;
}

function directoryOf(stateDirectory: string, job: string, target: string): string {
  return join(stateDirectory, 'manifests', `${job}@${target}`);
}
