import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseHostKeys } from '../../../../src/commands/init/host-key.ts';

it('the keys of a server come with the fingerprints that ssh-keygen shows, the best type first', () => {
  const directory = mkdtempSync(join(tmpdir(), 'offsite-'));
  const keys = (['rsa', 'ecdsa', 'ed25519'] as const).map((type) => {
    const file = join(directory, type);
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file]);
    const shown = execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' }).split(' ')[1];
    return { line: `[h]:2222 ${readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')}`, shown };
  });
  rmSync(directory, { recursive: true });
  const found = parseHostKeys(['# h:2222 SSH-2.0-OpenSSH', ...keys.map(({ line }) => line), '', 'h ssh-dss AAAA', 'h']);
  expect(found.map(({ type }) => type)).toEqual(['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ssh-rsa']);
  expect(found.map(({ fingerprint, line }) => [line, fingerprint])).toEqual(
    keys.map(({ line, shown }) => [line, shown]).reverse(),
  );
});
