import { writtenOptions, type Rebuild } from './options.ts';
import type { ReadRequest } from './read/request.ts';
import type { GateRequest } from './request.ts';

/*
 * Capabilities that rsync 3.5.0 knows (compat.c) and that are handed on. The server answers with what both know, so leaving
 * out one is safe. `I` (a partial file is written in place) is left out: upstream's 3.5.0 then writes into whatever has the
 * file's name, a hard link to a sealed inode too, when a client calls it a partial file.
 */
const CAPABILITIES = ['i', 'L', 's', 'f', 'x', 'C', 'v', 'u'];

/** The command for rrsync, built from parsed values only. */
export function rebuiltCommand(
  { kind, wire }: Pick<GateRequest | ReadRequest, 'kind' | 'wire'>,
  rebuild: Rebuild,
): string {
  const capabilities = CAPABILITIES.filter((letter) => wire.capabilities.includes(letter)).join('');
  const { letters, words } = writtenOptions(wire.given, rebuild, kind);
  const server = kind === 'read' ? ['--server', '--sender'] : ['--server'];
  return ['rsync', ...server, `-${letters}e.${capabilities}`, ...words, '.', rebuild.place].join(' ');
}
