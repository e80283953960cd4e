import type { Settings } from '../../config/settings.ts';
import { defaultRuntimeDirectory } from '../../run/connection/private-directory.ts';
import { loadToldNote, saveToldNote, type ToldNote } from '../../state/told-note.ts';
import type { Context } from '../context.ts';

/**
 * Leaves a note for `OnFailure=`: whether people know of what this process fails with. Only systemd asks for it. Where no
 * note can be left, its unit tells it once more: better twice than never.
 */
export async function leaveToldNote(exitCode: number, context: Context): Promise<void> {
  const { INVOCATION_ID: invocation } = context.environment;
  if (exitCode === 0 || invocation === undefined) return;
  const { reached = false, recorded = false } = context.tellings.sum() ?? {};
  const note = { version: 1, exitCode, told: reached, recorded } as const;
  await saveToldNote(places(context.tellings.stateDirectory, context), invocation, note, context.clock.now());
}

/**
 * Finds the note that a process of a failed unit has left.
 * @param invocation of that unit, as systemd names it to `OnFailure=`
 * @param settings undefined when they cannot be read: the process could not either
 */
export async function findToldNote(
  invocation: string | undefined,
  settings: Settings | undefined,
  context: Context,
): Promise<ToldNote | undefined> {
  return invocation === undefined ? undefined : loadToldNote(places(settings?.stateDirectory, context), invocation);
}

// The state directory is the one that both surely share; a read-only or full one is what may have to be told of.
function places(stateDirectory: string | undefined, { environment }: Context): string[] {
  return [...(stateDirectory === undefined ? [] : [stateDirectory]), defaultRuntimeDirectory(environment)];
}
