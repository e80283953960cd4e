import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing, writeFileAtomic } from '../platform/files.ts';
import type { UnitFile } from './unit-text.ts';

/** Where an administrator's units lie. */
export const UNIT_DIRECTORY = '/etc/systemd/system';

/** What became of one file. */
export interface Written {
  /** Without the root that was put before it. */
  readonly path: string;
  readonly change: 'made' | 'replaced' | 'unchanged';
}

/**
 * Writes units; what is already as it must be is left alone, so doing it again changes nothing.
 * @param root put before {@link UNIT_DIRECTORY}; empty for the machine itself
 * @param dryRun say what would change, and write nothing
 * @throws NodeJS.ErrnoException when a directory cannot be written
 */
export async function writeUnits(files: readonly UnitFile[], root: string, dryRun: boolean): Promise<Written[]> {
  const written: Written[] = [];
  for (const { path: name, text } of files) {
    const path = join(UNIT_DIRECTORY, name);
    const place = join(root, path);
    const before = await readFile(place, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    written.push({ path, change: before === undefined ? 'made' : before === text ? 'unchanged' : 'replaced' });
    if (dryRun || before === text) continue;
    await mkdir(dirname(place), { recursive: true, mode: 0o755 });
    await writeFileAtomic(place, text, 0o644);
  }
  return written;
}
