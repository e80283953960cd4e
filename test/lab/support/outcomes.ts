import { statSync } from 'node:fs';
import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { NOT_SENT, NOT_STORED } from '../../ssh/support/full-tree.ts';
import { recordTree } from '../../ssh/support/tree-record.ts';
import { must } from '../../support/processes.ts';
import { until } from '../../support/until.ts';
import type { Machine } from './machine.ts';
import { seenFromOutside, SOURCE, type NewcomerLab, type Typed } from './newcomer-lab.ts';
import { newestSealed, version } from './walk.ts';

// What a block of the pages must result in, and what must be prepared for one.

const STORE = '/srv/offsite/db1/postgres';

/** Writes a file of a machine. */
export function write(machine: Machine, path: string, text: string): void {
  machine.must('sh', '-c', 'mkdir -p "${1%/*}" && printf "%s" "$0" >"$1"', text, path);
}

/** Puts the keys of a fragment into a YAML file, where the page says that they belong. */
export function merge(machine: Machine, path: string, fragment: string): void {
  write(machine, path, stringify(merged(parse(machine.read(path)), parse(fragment))));
}

function merged(below: unknown, above: unknown): unknown {
  if (!isMapping(below) || !isMapping(above) || isReference(above)) return above;
  return Object.fromEntries(
    [...new Set([...Object.keys(below), ...Object.keys(above)])].map((key) => [
      key,
      key in above ? merged(below[key], above[key]) : below[key],
    ]),
  );
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `{ env: … }` and the like stand for one value: the one written later counts. */
function isReference(value: Record<string, unknown>): boolean {
  return 'env' in value || 'file' in value || 'credential' in value;
}

/** The fingerprint that was printed is the secondary's. */
export function sameFingerprint({ secondary }: NewcomerLab, { output }: Typed): void {
  const [, fingerprint] = secondary.must('ssh-keygen', '-l', '-f', '/etc/ssh/ssh_host_ed25519_key.pub').split(' ');
  expect(output).toContain(fingerprint);
}

/** The first snapshot is sealed, and the test message has reached somebody. */
export async function sealedAndTold(lab: NewcomerLab, { output }: Typed): Promise<void> {
  expect(output).toContain(`secured as ${newestSealed(lab)}`);
  await until(() => lab.told().includes('Test alert'));
}

/** Expects that something makes another sealed snapshot. */
export function backsUp(act: (lab: NewcomerLab) => void): (lab: NewcomerLab) => void {
  return (lab) => {
    const before = newestSealed(lab);
    act(lab);
    expect(newestSealed(lab) > before).toBe(true);
  };
}

/** The backup unit makes a dump, and what was coupled to it sends it. */
export const backUp = backsUp(({ primary }) => {
  const { code } = primary.run('systemctl', 'start', 'pg-backup.service');
  expect(code, primary.must('journalctl', '--no-pager', '--output=cat')).toBe(0);
});

/** What was restored equals the source, entry by entry, except for what no snapshot contains. */
export function isRestored({ primary }: NewcomerLab, machine: Machine, where: string): void {
  const source = seenFromOutside(primary, SOURCE);
  const restored = seenFromOutside(machine, where);
  const wanted = recordedTree(source)
    .filter((line) => !NOT_STORED.some((name) => line.startsWith(`b'/${name}' `)))
    .map((line) => line.replace(`('${NOT_SENT}', b'x')`, ''));
  expect(wanted.length).toBeGreaterThan(20);
  expect(recordedTree(restored)).toEqual(wanted);
  for (const [one, other] of [['plain', 'hard-link'] as const, ['link', 'link-hard'] as const]) {
    expect(inode(`${restored}/${one}`)).toBe(inode(`${restored}/${other}`));
  }
  expect(statSync(`${restored}/sparse`).blocks).toBeLessThan(100);
}

/**
 * The record of a tree. Directories are without their size, which on a tmpfs depends on earlier content. Times are in
 * whole seconds, because rsync does not set the mtime of a directory that it made in the second in which the original
 * was changed.
 */
function recordedTree(path: string): string[] {
  return recordTree(path).map((line) => line.replace(/( 0o4\d{4} \d+ \d+) \d+ (\d+)\d{9} /, '$1 $2 '));
}

function inode(path: string): bigint {
  return statSync(path, { bigint: true }).ino;
}

/** What `offsite-rsync secondary-bundle` writes lies on the secondary. */
export function bringArchive({ secondary }: NewcomerLab): void {
  const place = seenFromOutside(secondary, `/root/offsite-rsync-secondary-${version}.tar.gz`);
  must(process.execPath, 'dist/cli.js', 'secondary-bundle', '--output', place);
}

/** Every program of the secondary starts, and has a page of the manual. */
export function isInstalled({ secondary }: NewcomerLab): void {
  for (const name of ['gate', 'prune', 'scrub', 'drill']) {
    expect(secondary.must(`offsite-${name}`, '--version')).toContain(version);
    secondary.must('man', '-w', `offsite-${name}`);
  }
  expect(secondary.must('offsite-secondary', '--help')).toContain('add-host');
  secondary.must('man', '-w', 'offsite-secondary');
}

/** A job as on the page is valid, and units can be written for it; then it is removed again. */
export function isAccepted({ primary }: NewcomerLab, text: string): void {
  const path = '/etc/offsite-rsync/config.yaml';
  const before = primary.read(path);
  merge(primary, path, text);
  primary.must('offsite-rsync', 'config', 'validate');
  primary.must('offsite-rsync', 'units', 'machine', '--backup-unit', 'by-hand.service');
  write(primary, path, before);
}

/** The lines of the page go into the unit of a second backup of the same job. */
export function runByHand({ primary }: NewcomerLab, text: string): void {
  const by = '/etc/systemd/system/by-hand.service';
  write(primary, by, primary.read('/etc/systemd/system/pg-backup.service'));
  write(primary, `${by}.d/offsite.conf`, text);
  primary.must('systemctl', 'daemon-reload');
}

/** Nothing of ours is left in systemd, and the backup runs without. */
export function nothingIsLeft({ primary }: NewcomerLab): void {
  expect(primary.run('systemctl', 'list-unit-files', '--no-legend', 'offsite-rsync*').stdout).toBe('');
  expect(primary.must('systemctl', 'show', '--property=ExecStartPost', 'pg-backup.service')).not.toContain('offsite');
  primary.must('systemctl', 'start', 'pg-backup.service');
}

/** The line that the page shows is the one that was installed; there is one besides it, of the read key. */
export function isTheKeyLine({ secondary }: NewcomerLab, text: string): void {
  const lines = secondary.read('/etc/offsite-rsync/authorized_keys.d/offsite-db1').trimEnd().split('\n');
  expect(lines.filter((line) => !line.includes('offsite-gate --read '))).toEqual([text.trimEnd()]);
}

/** Prose of the page: a job that does not exist yet causes an alert. */
export async function tellsOfAMissingJob(lab: NewcomerLab): Promise<void> {
  const { secondary } = lab;
  const path = '/etc/offsite-rsync/secondary.yaml';
  const before = secondary.read(path);
  merge(secondary, path, "hosts: { db1: { jobs: { nothing: { expect: { schedule: '0 0 * * *' } } } } }");
  secondary.run('systemctl', 'start', 'offsite-prune-check@db1.service');
  await until(() => lab.told().includes('nothing'));
  write(secondary, path, before);
}

/** Another sealed snapshot under an id of its own. */
export function copySealed(lab: NewcomerLab, id: string): void {
  const newest = newestSealed(lab);
  const words = `cd ${STORE} && cp -a ${newest} ${id} && sed s/${newest}/${id}/ ${newest}.sealed >${id}.sealed`;
  lab.secondary.must('runuser', '-u', 'offsite-db1', '--', 'sh', '-c', words);
}

/** What was moved into the trash is deleted. */
export function isGoneWithTheNextPrune(ids: readonly string[]): (lab: NewcomerLab) => void {
  return ({ secondary }) => {
    secondary.must('systemctl', 'start', 'offsite-prune@db1.service');
    const left = secondary.must('ls', '-A', '/srv/offsite/db1/.trash', STORE);
    for (const id of ids) expect(left).not.toContain(id);
  };
}

/** Prose of the page: the new disk is mounted at the old place. */
export function mountTheNewDisk({ secondary }: NewcomerLab): void {
  const stored = (at: string) => recordedTree(seenFromOutside(secondary, `${at}/db1`));
  expect(stored('/mnt/new')).toEqual(stored('/srv/offsite'));
  secondary.must('mount', '--bind', '/mnt/new', '/srv/offsite');
}

/** Prose of the page: a run, and the verification of an old snapshot. */
export function runAndVerifyAnOldOne(lab: NewcomerLab): void {
  const old = newestSealed(lab);
  backsUp(({ primary }) => primary.must('sh', '-c', `${WITH_CREDENTIALS} offsite-rsync run postgres`))(lab);
  lab.primary.must('sh', '-c', `${WITH_CREDENTIALS} offsite-rsync verify --snapshot ${old} postgres; test $? = 22`);
}

const WITH_CREDENTIALS = 'CREDENTIALS_DIRECTORY=/etc/offsite-rsync/credentials';

/** A command for drills that shows what the sandbox lets it do: read the snapshot, write the scratch directory, and nothing else. */
export function standInForTheRestore({ secondary }: NewcomerLab): void {
  const script = `#!/bin/sh
set -eu
test -s "$1/db.sql"
cp "$1/db.sql" "$2/"
if grep -q offsite-drill@ /proc/self/cgroup; then
  if touch "$1/mine" 2>/dev/null; then exit 5; fi
  echo "sandboxed $1" >>"$(dirname "$2")/seen"
fi
echo restored
`;
  write(secondary, '/usr/local/sbin/try-restore', script);
  secondary.must('chmod', '755', '/usr/local/sbin/try-restore');
}

/** The unit and the commands by hand have tried out the newest snapshot; both found it good. */
export function isTriedOut({ secondary }: NewcomerLab, { output }: Typed): void {
  const result = secondary.must('systemctl', 'show', '--property=Result', 'offsite-drill@db1.service');
  expect(result).toContain('Result=success');
  expect(output).toMatch(/✓ db1\/postgres\/\S+ \(newest\)/);
  expect(output).toMatch(/"ok":true/);
  expect(secondary.read('/var/lib/offsite-rsync/db1/seen')).toMatch(/^sandboxed \/srv\/offsite\/db1\/postgres\//);
  const journal = secondary.run('journalctl', '--unit=offsite-drill@db1.service', '--no-pager').stdout;
  expect(journal).toMatch(/✓ db1\/postgres\/\S+ \(newest\)/);
}
