import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing, makeDirectories, writeFileAtomic } from '../platform/files.ts';
import type { UnitFile } from './unit-text.ts';

/** What was done with one file. */
export interface Written {
  /** Without the root that precedes it. */
  readonly path: string;
  readonly change: 'made' | 'replaced' | 'unchanged';
}

/**
 * Writes units. Files that are already correct are not touched, so running it again changes nothing.
 * @param directory where units are
 * @param root its prefix; empty for the machine itself
 * @param dryRun report what would change, and write nothing
 * @throws NodeJS.ErrnoException when a directory cannot be written
 */
export async function writeUnits(
  files: readonly UnitFile[],
  directory: string,
  root: string,
  dryRun: boolean,
): Promise<Written[]> {
  const written: Written[] = [];
  for (const { path: name, text } of files) {
    const path = join(directory, name);
    const place = join(root, path);
    const before = await readFile(place, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    written.push({ path, change: before === undefined ? 'made' : before === text ? 'unchanged' : 'replaced' });
    if (dryRun || before === text) continue;
    await makeDirectories(dirname(place), 0o755);
    await writeFileAtomic(place, text, 0o644);
  }
  return written;
}
