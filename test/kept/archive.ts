import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GateSecondary } from '../ssh/support/gate-secondary.ts';
import type { Primary } from '../ssh/support/primary.ts';
import { must } from '../support/processes.ts';

/*
 * What one version has written, for all that follow: the store and state of a secondary, the state of a primary, and its source. git keeps
 * neither modes nor owners, times, hard links and xattrs, so each is one archive: VERSION/store.tar.xz. Beside it are the two examples of a
 * configuration of that version.
 */

const KEPT = fileURLToPath(new URL('.', import.meta.url));

/** What is not for ever: it names the machine that wrote it. */
const LEFT_OUT = ['settings.json', 'gate.log', '*.lock', '.ssh', 'told'];

const XATTRS = ['--xattrs', '--xattrs-include=user.*'];

// Node can remove no directories without permissions when we are not root.
const PUT_BACK = `chmod -R u+rwX "$0"; find "$0" -mindepth 1 -delete; cp -a "$1/." "$0"`;

/** A place in an archive, and what lies there: modes and all. */
type Places = readonly (readonly [name: string, directory: string])[];

function placesOf(secondary: GateSecondary, primary: Primary): Places {
  const { jobDirectory, hostState } = secondary.gate;
  return [
    ['root', dirname(jobDirectory)],
    ['state', hostState],
    ['primary-state', primary.state],
    ['source', primary.source],
  ];
}

/** The versions whose stores are kept, oldest first. */
export function keptVersions(): string[] {
  return readdirSync(KEPT).filter((name) => /^\d+\.\d+\.\d+$/.test(name));
}

/** A file of a version that is kept. */
export function keptFile(version: string, name: string): string {
  return join(KEPT, version, name);
}

/** Writes the archive of a version. */
export function keep(version: string, secondary: GateSecondary, primary: Primary): void {
  const place = mkdtempSync(join(tmpdir(), 'offsite-keep-'));
  for (const [name, directory] of placesOf(secondary, primary)) must('cp', '-a', directory, join(place, name));
  mkdirSync(join(KEPT, version), { recursive: true });
  const left = LEFT_OUT.map((name) => `--exclude=${name}`);
  const owners = ['--numeric-owner', '--sort=name', '--format=posix', '--pax-option=delete=atime,delete=ctime'];
  must('tar', '--create', '--xz', ...XATTRS, ...owners, ...left, `--file=${keptFile(version, 'store.tar.xz')}`, `--directory=${place}`, '.'); // prettier-ignore
  must('cp', 'config.example.yaml', 'remote-scripts/secondary.example.yaml', join(KEPT, version));
  rmSync(place, { recursive: true, force: true });
}

/** Puts what a version has written in the place of what a secondary and a primary have. */
export function putBack(version: string, secondary: GateSecondary, primary: Primary): void {
  const place = mkdtempSync(join(tmpdir(), 'offsite-kept-'));
  must('tar', '--extract', '--xz', ...XATTRS, '--same-permissions', `--file=${keptFile(version, 'store.tar.xz')}`, `--directory=${place}`); // prettier-ignore
  for (const [name, directory] of placesOf(secondary, primary)) {
    must('sh', '-ec', PUT_BACK, directory, join(place, name));
  }
  const { uid, gid } = secondary.sshd.account;
  if (process.getuid?.() === 0)
    for (const store of secondary.stores) must('chown', '--recursive', '--no-dereference', `${uid}:${gid}`, store);
  must('chmod', '-R', 'u+rwX', place);
  rmSync(place, { recursive: true, force: true });
}
