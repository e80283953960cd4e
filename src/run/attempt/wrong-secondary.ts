import type { Secondary } from '../../rsync/answered-by.ts';
import type { Wire } from '../../rsync/arguments.ts';

/** What to do if one kind is configured and the other answers. */
const ADVICE: Readonly<Record<Secondary, string>> = {
  gate: 'but plain rrsync answers there. Install the gate on it (remote-scripts/install.sh, with --host and, for each job, --job), or write `secondary: rrsync`, which is not append-only',
  rrsync: 'but the gate answers there: leave that line out',
};

/**
 * Detects that what answered is not what the configuration says.
 * @param answered what the session's output showed; undefined if nothing
 * @returns the reason, with the key to correct, or undefined
 */
export function wrongSecondary(
  { alias, secondary }: Pick<Wire, 'alias' | 'secondary'>,
  answered: Secondary | undefined,
): string | undefined {
  return answered === undefined || answered === secondary
    ? undefined
    : `the target ${alias} says \`secondary: ${secondary}\`, ${ADVICE[secondary]}`;
}
