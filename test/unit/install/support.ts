import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { authorizedKeysLine, forcedCommand } from '../../../src/shared/forced-command.ts';

export const SOURCES = fileURLToPath(new URL('../../../remote-scripts', import.meta.url));
export const INSTALL = join(SOURCES, 'install.sh');
export const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEFYcP9gndAKjpXOGz/w6sqPOF0T4xyUMCBVjuTjs8s2';
/** What a key starts, as our other programs write it. */
export const commandOf = (secondary: 'gate' | 'rrsync', key: 'push' | 'read') =>
  forcedCommand(secondary, key, { host: 'web1' });
export const LINE = authorizedKeysLine(commandOf('gate', 'push'), `${KEY} offsite-rsync-web1`);

/** A directory of the test: a key in key.pub, and in programs/ stand-ins for what is built. */
export let base: string;
/** Where {@link install} installs. */
export let dest: string;

/** Before each test. */
export function layPrograms(): void {
  base = mkdtempSync(join(tmpdir(), 'offsite-install-'));
  dest = join(base, 'dest');
  mkdirSync(join(base, 'programs/parts'), { recursive: true });
  writeFileSync(join(base, 'programs/parts/offsite-prune-A1.mjs'), "console.log('part of offsite-prune');\n");
  for (const name of ['offsite-gate', 'offsite-prune', 'offsite-scrub', 'offsite-drill']) {
    writeFileSync(
      join(base, 'programs', `${name}.mjs`),
      `#!/usr/bin/env node\nimport './parts/offsite-prune-A1.mjs';\nconsole.log('${name}');\n`,
    );
  }
  writeFileSync(join(base, 'key.pub'), `${KEY} somebody@primary.example.org\n`);
}

/** After each test. */
export function clearAway(): void {
  rmSync(base, { recursive: true, force: true });
}

/** Types install.sh. */
export const install = (...args: string[]) => installWith({}, ...args);

/** Types install.sh with variables of its environment. */
export function installWith(variables: Readonly<Record<string, string>>, ...args: string[]) {
  return call(INSTALL, ['--programs', join(base, 'programs'), ...args], variables);
}

/** Types offsite-secondary, as it was installed below a prefix. */
export const secondary = (prefix: string, ...args: string[]) =>
  call(join(dest, prefix, 'bin/offsite-secondary'), args, {});

function call(program: string, args: readonly string[], variables: Readonly<Record<string, string>>) {
  const env = { PATH: process.env.PATH, DESTDIR: dest, ...variables };
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

export const read = (path: string) => readFileSync(join(dest, path), 'utf8');
export const modeOf = (path: string) => (statSync(join(dest, path)).mode & 0o777).toString(8);

/** Every file and link below DESTDIR with its mode, size, time and target. */
export function tree(): string[] {
  return execFileSync('find', [dest, '-printf', '%P %y %m %s %T@ %l\n'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => / f | l /.test(line))
    .sort();
}
