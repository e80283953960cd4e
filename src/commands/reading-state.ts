import { isForbidden, RUN_AS_OWNER } from '../platform/files.ts';
import { UsageError } from './selection.ts';

/**
 * Reads what runs have recorded. State and history belong to the account of the runs, so another user gets a message
 * that says what to do, not a stack trace.
 * @throws UsageError when this user may not read the directory
 */
export async function readingState<T>(stateDirectory: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isForbidden(error)) throw error;
    throw new UsageError(`${stateDirectory} cannot be read: ${RUN_AS_OWNER}.`);
  }
}
