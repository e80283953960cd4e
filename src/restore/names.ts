import { decodeName } from '../rsync/itemized.ts';
import { ReadError } from '../read/snapshot-source.ts';

/**
 * Reads the names of files and directories in a snapshot, as somebody typed them or as our lists show them (with rsync's escapes).
 * @returns their bytes, without a slash at either end; empty for everything
 * @throws ReadError for a name that leads out
 */
export function parseNames(typed: readonly string[]): Buffer[] {
  const names = typed.map((text) => {
    const parts = decodeName(text)
      .toString('latin1')
      .split('/')
      .filter((part) => part !== '' && part !== '.');
    if (parts.includes('..'))
      throw new ReadError({
        outcome: 'usage',
        reason: `"${text}" leads out of the snapshot: write names without "..".`,
      });
    return parts.join('/');
  });
  return names.includes('') ? [] : [...new Set(names)].sort().map((name) => Buffer.from(name, 'latin1'));
}
