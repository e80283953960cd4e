import { join } from 'node:path';
import { isMissing, makePrivateDirectory, writeFileAtomic } from '../platform/files.ts';
import { readRegularFile } from '../platform/regular-file.ts';

/** A small file about one job and target, beside its state. "@" stands in no name, so the pair can be told apart. */
export function jobFile(stateDirectory: string, job: string, target: string, ending: string): string {
  return join(stateDirectory, 'jobs', `${job}@${target}.${ending}`);
}

/** Bytes that such a file has at most; a thousand times what it needs. */
const LARGEST = 1024 * 1024;

/** Replaces such a file with one JSON value, as a whole. */
export async function saveJobFile(path: string, value: unknown): Promise<void> {
  await makePrivateDirectory(join(path, '..'));
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Reads such a file.
 * @param isSound tells whether the value is one (validator.ts)
 * @returns `missing` when there is none, `damaged` when it is not JSON or not sound
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
