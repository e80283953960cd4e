import type { Wire } from './arguments.ts';

/** What every rsync that reads from one secondary has in common. */
export type ReadingWire = Pick<Wire, 'remoteShell' | 'metadata' | 'compress' | 'timeoutSeconds'>;

/**
 * Options with which a tree is read as it was sent: owners, modes, times, ACLs, hard links and symbolic links. They are the only ones of
 * the metadata that the gate takes from a read key.
 */
export function readOptions(wire: ReadingWire): string[] {
  const metadata = wire.metadata === 'fake_super' ? ['-aHA', '--numeric-ids', '-M--fake-super'] : ['-rltpDH'];
  return [...metadata, ...lineOptions(wire)];
}

/** Options with which single files of the store are read, or its directories are listed. */
export function lineOptions({ remoteShell, compress, timeoutSeconds }: ReadingWire): string[] {
  return [...(compress ? ['--compress'] : []), `--timeout=${timeoutSeconds}`, '-e', remoteShell.join(' ')];
}
