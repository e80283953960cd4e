import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFull, whyKeptOut } from '../platform/files.ts';
import { UsageError } from './selection.ts';

/**
 * Makes a private directory for temporary files; the caller removes it.
 * @param name what it begins with
 * @throws UsageError when none can be made there
 * @throws NodeJS.ErrnoException when there is no space left
 */
export async function temporaryDirectory(name: string): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), `${name}-`));
  } catch (error) {
    if (isFull(error)) throw error;
    throw new UsageError(
      `No temporary directory can be made in ${tmpdir()}${whyKeptOut(error)}. Set TMPDIR to a directory that this user can write.`,
    );
  }
}
