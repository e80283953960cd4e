import { join } from 'node:path';
import { isMissing, makePrivateDirectory, writeFileAtomic } from '../platform/files.ts';
import { readRegularFile } from '../platform/regular-file.ts';

/** A small file about one job and target, beside its state. No name contains "@", so the pair is unambiguous. */
export function jobFile(stateDirectory: string, job: string, target: string, ending: string): string {
  return join(stateDirectory, 'jobs', `${job}@${target}.${ending}`);
}

/** Largest size of such a file in bytes; a thousand times what it needs. */
const LARGEST = 1024 * 1024;

/** Replaces such a file with one JSON value, as a whole. */
export async function saveJobFile(path: string, value: unknown): Promise<void> {
  await makePrivateDirectory(join(path, '..'));
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Reads such a file.
 * @param isSound whether the value is valid (validator.ts)
 * @returns `missing` when there is no file, `damaged` when it is not JSON or not valid
 * @throws NodeJS.ErrnoException when it exists but cannot be read
 * @throws UnfitFileError when it is no file, or far too large
 */
export async function loadJobFile<T>(
  path: string,
  isSound: (value: unknown) => boolean,
): Promise<T | 'missing' | 'damaged'> {
  let text: string;
  try {
    text = await readRegularFile(path, LARGEST);
  } catch (error) {
    if (isMissing(error)) return 'missing';
    throw error;
  }
  try {
    const data: unknown = JSON.parse(text);
    return isSound(data) ? (data as T) : 'damaged';
  } catch {
    return 'damaged';
  }
}
