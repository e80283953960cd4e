import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { clientConfig } from '../../../src/ssh/client-config.ts';

/** What ssh itself makes of the configuration. */
function read(change: { host?: string; identityFile?: string }): string {
  const directory = mkdtempSync(join(tmpdir(), 'offsite-'));
  const file = join(directory, 'ssh_config');
  const none = { passphrase: undefined, certificateFile: undefined, agent: undefined, jump: undefined };
  const endpoint = { host: 'h', port: 22, user: 'u', identityFile: '/k', knownHostsFile: '/n', ...none, ...change };
  writeFileSync(file, clientConfig('vault', endpoint, { connect: 1, aliveInterval: 1, aliveCount: 1 }, '/c'));
  // "-O check" expands the host name as a connection would, but makes none.
  const { stderr } = spawnSync('ssh', ['-F', file, '-O', 'check', 'vault'], { encoding: 'utf8' });
  const { stdout } = spawnSync('ssh', ['-F', file, '-G', 'vault'], { encoding: 'utf8' });
  rmSync(directory, { recursive: true });
  return stderr + stdout;
}

it('a link-local address with its zone reaches ssh as it is', () => {
  const said = read({ host: 'fe80::1%eth0' });
  expect(said).not.toMatch(/percent_expand|unknown key/);
  expect(said).toMatch(/^hostname fe80::1%+eth0$/m);
});

it('a path with blanks or an apostrophe reaches ssh as it is', () => {
  expect(read({ identityFile: "/home/o'brien/my key" })).toMatch(/^identityfile \/home\/o'brien\/my key$/m);
  expect(read({ identityFile: "/home/o'brien/key" })).toMatch(/^identityfile \/home\/o'brien\/key$/m);
});
