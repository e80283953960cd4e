import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bridge } from './client-config.ts';
import type { ConnectionFailure } from './failure.ts';

/** Joins standard input and output to a socket. `ssh -W` could do it too, but has the address of the secondary among its arguments. */
const BRIDGE = `const socket = require('node:net').connect(process.argv[2]);
process.stdin.pipe(socket).pipe(process.stdout);
socket.on('error', () => process.exit(1)).on('close', () => process.exit(0));
process.stdout.on('error', () => process.exit(1));
`;

/**
 * How ssh gets through a host on the way: a first ssh forwards a socket in the private directory to the secondary, and the second ssh connects
 * through a program that joins it to that socket.
 * @param directory a private directory (0700), which no other user can enter
 */
export function bridgeIn(directory: string): Bridge {
  const socket = join(directory, 'j');
  return { socket, words: [process.execPath, programIn(directory), socket] };
}

/** Writes the program of {@link bridgeIn}. */
export async function writeBridge(directory: string): Promise<void> {
  await writeFile(programIn(directory), BRIDGE, { mode: 0o600 });
}

function programIn(directory: string): string {
  return join(directory, 'bridge.cjs');
}

/** A failure of the first of the two connections, told as such. */
export function onTheWayFailure({ outcome, reason }: ConnectionFailure): ConnectionFailure {
  return { outcome, reason: `the host on the way (proxy_jump): ${reason.replaceAll('the secondary', 'that host')}` };
}

/** What the first ssh said when the host on the way did not reach the secondary, or did not want to. */
export function closedWay(said: string): ConnectionFailure | undefined {
  const why = /open failed: (.*)/.exec(said)?.[1]?.trim();
  if (why === undefined) return undefined;
  const outcome = why.includes('prohibited') ? 'access-refused' : 'could-not-connect';
  const meaning = outcome === 'access-refused' ? 'does not let this account through' : 'does not reach the secondary';
  return { outcome, reason: `the host on the way (proxy_jump) ${meaning} (ssh: ${why})` };
}
