import type { GateRequest } from './request.ts';
import { metadataLetters } from './options.ts';

/** What the gate has found out or decided about a request. */
export interface Rebuild {
  /** Name of the destination in rrsync's root: `<id>.partial/` or `<id>/`, for a seal a file name. */
  readonly destination: string;
  /** Name in rrsync's root that unchanged files are linked to. Never more than one: see one-basis.ts. */
  readonly basis: string | undefined;
  /** Seconds of silence; what the client asked for is in it. */
  readonly timeoutSeconds: number;
  /** Whether files may be sent as differences to what is here. */
  readonly delta: boolean;
  /** Whether a basis under another name may be looked for. */
  readonly fuzzy: boolean;
}

/*
 * Capabilities that rsync 3.5.0 knows (compat.c) and that are handed on. The server answers with what both know, so leaving
 * out one is safe. `I` (a partial file is written in place) is left out: upstream's 3.5.0 then writes into whatever has the
 * file's name, a hard link to a sealed inode too, when a client calls it a partial file.
 */
const CAPABILITIES = ['i', 'L', 's', 'f', 'x', 'C', 'v', 'u'];

/**
 * The command for rrsync, built from parsed values alone.
 *
 * `-y` and `-W` steer only the receiving side, so the gate may take one away and add the other (measured against
 * rsync 3.5.0: no difference in the protocol).
 */
export function rebuiltCommand(request: GateRequest, rebuild: Rebuild): string {
  const { wire } = request;
  const capabilities = CAPABILITIES.filter((letter) => wire.capabilities.includes(letter)).join('');
  return [
    'rsync',
    '--server',
    `-${lettersOf(request, rebuild)}e.${capabilities}`,
    ...(wire.logFormat === undefined ? [] : [`--log-format=${wire.logFormat}`]),
    `--timeout=${rebuild.timeoutSeconds}`,
    ...(wire.bwlimit === undefined ? [] : [`--bwlimit=${wire.bwlimit}`]),
    ...(wire.compressChoice === undefined ? [] : [`--compress-choice=${wire.compressChoice}`]),
    ...(request.kind === 'verify' && request.extras ? ['--delete'] : []),
    ...(wire.stats ? ['--stats'] : []),
    ...(wire.partial ? ['--partial'] : []),
    ...(wire.numericIds ? ['--numeric-ids'] : []),
    ...(rebuild.basis === undefined ? [] : ['--link-dest', `/${rebuild.basis}/`]),
    ...(wire.metadata === 'fake_super' ? ['--fake-super'] : []),
    '.',
    rebuild.destination,
  ].join(' ');
}

function lettersOf(request: GateRequest, { delta, fuzzy }: Rebuild): string {
  const { wire } = request;
  const dryRun = request.kind === 'verify' || (request.kind === 'push' && request.dryRun);
  return [
    dryRun ? 'n' : '',
    metadataLetters(wire),
    request.kind === 'push' && fuzzy ? 'y'.repeat(wire.fuzzy) : '',
    request.kind === 'push' && !delta ? 'W' : '',
    request.kind === 'verify' || (request.kind === 'push' && request.checksum) ? 'c' : '',
    wire.compress ? 'z' : '',
  ].join('');
}
