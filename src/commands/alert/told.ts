import type { Settings } from '../../config/settings.ts';
import { defaultRuntimeDirectory } from '../../run/connection/private-directory.ts';
import { loadToldNote, saveToldNote, type ToldNote } from '../../state/told-note.ts';
import type { Context } from '../context.ts';

/**
 * Leaves a note for `OnFailure=` that says whether people have been told of this failure. Only under systemd does
 * anything read it. If no note can be left, the unit sends another alert: better twice than never.
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
 * @param invocation of that unit, which systemd passes to `OnFailure=`
 * @param settings undefined when they cannot be read, as they could not be by the process
 */
export async function findToldNote(
  invocation: string | undefined,
  settings: Settings | undefined,
  context: Context,
): Promise<ToldNote | undefined> {
  return invocation === undefined ? undefined : loadToldNote(places(settings?.stateDirectory, context), invocation);
}

// Both processes are sure to share the state directory. But it may be read-only or full, and that may be the very
// failure.
function places(stateDirectory: string | undefined, { environment }: Context): string[] {
  return [...(stateDirectory === undefined ? [] : [stateDirectory]), defaultRuntimeDirectory(environment)];
}
