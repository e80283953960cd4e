import { opendir } from 'node:fs/promises';
import { checkWhole, type WholeDeps } from '../../src/dumps/check-whole.ts';
import { mayBeDump } from '../../src/dumps/names.ts';
import { errorMessage } from '../../src/platform/files.ts';
import { displayName, encodeName } from '../../src/rsync/itemized.ts';
import type { FileRemark } from '../store/drill-record.ts';

/** What is known of the dumps in a snapshot. */
export interface DumpsFound {
  readonly whole: number;
  readonly broken: readonly FileRemark[];
  readonly unchecked: readonly FileRemark[];
}

/** Remarks of one kind that are kept. */
const MOST_REMARKS = 50;

/**
 * Reads every dump in a snapshot with the program of its format. No link is followed.
 * @param onFile called before each file that is read
 */
export async function checkSnapshot(
  snapshot: string,
  deps: WholeDeps,
  onFile: (name: string) => void,
): Promise<DumpsFound> {
  let whole = 0;
  const broken: FileRemark[] = [];
  const unchecked: FileRemark[] = [];
  const note = (list: FileRemark[], remark: FileRemark) => list.length < MOST_REMARKS && list.push(remark);
  const look = async (place: Buffer, path: string) => {
    const name = displayName(path);
    onFile(name);
    const finding = await checkWhole(place, path, deps);
    if (finding.kind === 'sound') whole += 1;
    if (finding.kind === 'broken') note(broken, { name, reason: finding.reason });
    if (finding.kind === 'unchecked') note(unchecked, { name, reason: finding.reason });
  };
  const walk = async (directory: Buffer, above: string): Promise<void> => {
    const entries = await entriesOf(directory);
    if (typeof entries === 'string') {
      note(unchecked, { name: displayName(above), reason: entries });
      return;
    }
    for (const { name, kind } of entries) {
      deps.limits.signal?.throwIfAborted();
      const path = `${above}${encodeName(name)}`;
      const place = Buffer.concat([directory, Buffer.from('/'), name]);
      if (kind === 'directory') await walk(place, `${path}/`);
      else if (mayBeDump(path)) await look(place, path);
    }
  };
  await walk(Buffer.from(snapshot), '');
  return { whole, broken, unchecked };
}

interface Entry {
  readonly name: Buffer;
  readonly kind: 'directory' | 'file';
}

/** Directories and files in a directory, sorted; or why it cannot be read. */
async function entriesOf(directory: Buffer): Promise<Entry[] | string> {
  try {
    const entries: Entry[] = [];
    // Names may be no UTF-8; the types of Node know this option for readdir only.
    for await (const entry of await opendir(directory, { encoding: 'buffer' as BufferEncoding })) {
      const name = entry.name as unknown as Buffer;
      if (entry.isDirectory()) entries.push({ name, kind: 'directory' });
      else if (entry.isFile()) entries.push({ name, kind: 'file' });
    }
    return entries.sort((one, other) => Buffer.compare(one.name, other.name));
  } catch (error) {
    return errorMessage(error);
  }
}
