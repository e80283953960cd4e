import { errorCode } from '../platform/files.ts';
import { UsageError } from './selection.ts';

/**
 * Reads what runs have recorded. State and history belong to the account of the runs, so that somebody else who looks is
 * told what to do instead of being shown a stack.
 * @throws UsageError when this user may not read the directory
 */
export async function readingState<T>(stateDirectory: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw new UsageError(`${stateDirectory} cannot be read: run this as root or as the user who owns it.`);
  }
}
