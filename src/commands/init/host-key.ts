import { createHash } from 'node:crypto';
import type { RunProcess } from '../../platform/process.ts';

/** A host key that a server has shown. */
export interface HostKey {
  /** Its line for known_hosts. */
  readonly line: string;
  /** `ssh-ed25519` */
  readonly type: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
}

/** What to do when nobody shows one. */
export const CHECK_ADDRESS = 'Check address and port, that its sshd runs, and that a firewall lets this host through.';

/** The types that are asked for, the one to take first. */
const TYPES = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa'];

/** Seconds that ssh-keyscan waits for each answer, and milliseconds for all of them. */
const PATIENCE = { each: 10, all: 40_000 } as const;

/**
 * Fetches the keys that a server shows. Who is in the middle could show others: nothing may trust them before somebody has compared them.
 * @returns the keys, the best type first; none when nothing answers in time
 */
export async function fetchHostKeys(
  host: string,
  port: number,
  runProcess: RunProcess,
  signal: AbortSignal,
): Promise<HostKey[]> {
  const lines: string[] = [];
  await runProcess({
    program: 'ssh-keyscan',
    // The address comes by standard input: arguments are for everybody to see.
    args: ['-T', String(PATIENCE.each), '-p', String(port), '-t', 'ed25519,ecdsa,rsa', '-f', '-'],
    input: `${host}\n`,
    timeoutMs: PATIENCE.all,
    signal,
    onStdoutLine: (line) => lines.push(line),
  });
  return parseHostKeys(lines);
}

/** Parses what ssh-keyscan prints. */
export function parseHostKeys(lines: readonly string[]): HostKey[] {
  const keys = lines.flatMap((line) => {
    const [, type = '', blob = ''] = line.trim().split(' ');
    return TYPES.includes(type) && blob !== '' ? [{ line: line.trim(), type, fingerprint: fingerprintOf(blob) }] : [];
  });
  return keys.sort((one, other) => TYPES.indexOf(one.type) - TYPES.indexOf(other.type));
}

/** @param blob base64 */
export function fingerprintOf(blob: string): string {
  const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}

/** The line of a key for known_hosts, under the name by which ssh looks for it. */
export function knownHostsLine({ line }: HostKey, host: string, port: number): string {
  return [port === 22 ? host : `[${host}]:${port}`, ...line.split(' ').slice(1)].join(' ');
}
