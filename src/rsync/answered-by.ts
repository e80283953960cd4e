import { parseGateLine } from '../shared/gate-words.ts';
import type { Wire } from './arguments.ts';

/** What can be behind the forced command of a target; `secondary:` in the configuration says which it is. */
export type Secondary = Wire['secondary'];

/** Text on standard error that only one of them writes, and only when it talks to a client itself. */
const GIVEN_AWAY: readonly (readonly [RegExp, Secondary])[] = [
  // The gate never asks rrsync for what it does not allow, and has a lock of its own.
  [/option --delete has been disabled on this server|Another instance of rrsync is already/, 'rrsync'],
  // The gate makes the directory of a job before rsync begins.
  [/^rsync: \[Receiver\] mkdir ".*" failed: No such file or directory/m, 'rrsync'],
];

/** What answered a session, if its standard error shows that; undefined if not. */
export function answeredBy(stderr: string): Secondary | undefined {
  if (parseGateLine(stderr) !== undefined) return 'gate';
  return GIVEN_AWAY.find(([pattern]) => pattern.test(stderr))?.[1];
}
