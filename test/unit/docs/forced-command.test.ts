import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { authorizedKeysLine, forcedCommand } from '../../../src/shared/forced-command.ts';

it.each([
  ['gate', 'push', 'ssh-ed25519 AAAA… offsite-rsync-db1'],
  ['gate', 'read', '…'],
  ['rrsync', 'read', 'ssh-ed25519 AAAA… restore@db1'],
] as const)(
  'docs/operations.md shows the line of authorized_keys that our programs write: %s, %s',
  (secondary, key, rest) => {
    const line = authorizedKeysLine(forcedCommand(secondary, key, { host: 'db1' }), rest);
    expect(readFileSync('docs/operations.md', 'utf8')).toContain(line);
  },
);
