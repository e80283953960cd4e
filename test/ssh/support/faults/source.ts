import { randomBytes } from 'node:crypto';
import { chmod, chown, link, lutimes, mkdir, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../../../support/processes.ts';

/** A random number generator, from 0 (inclusive) to 1 (exclusive). */
export type Random = () => number;

/** A whole number from `low` to `high`, both included. */
export const between = (random: Random, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1));

/** One of several. */
export function oneOf<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[between(random, 0, choices.length - 1)];
  if (choice === undefined) throw new Error('There is nothing to choose from.');
  return choice;
}

/** Fills a directory with some of everything. Everything in it can be read by its owner and by root without capabilities. */
export async function fillSource(source: string): Promise<void> {
  const at = (name: string) => join(source, name);
  await mkdir(at('deep/er'), { recursive: true });
  await mkdir(at('dumps'));
  for (let n = 0; n < 12; n += 1) await writeFile(at(`deep/file-${n}`), `file ${n}\n`.repeat(1 + n * 7));
  await writeFile(at('deep/er/run.sh'), '#!/bin/sh\n');
  await chmod(at('deep/er/run.sh'), 0o4755);
  await writeFile(at('deep/private'), 'password=hunter2\n', { mode: 0o600 });
  await writeFile(at('line\nbreak'), 'x\n');
  await writeFile(at('empty'), '');
  await link(at('deep/file-1'), at('hard-link'));
  await link(at('deep/file-1'), at('deep/er/hard-link'));
  await symlink('deep/private', at('inside'));
  await symlink('/etc/passwd', at('outside'));
  if (process.getuid?.() === 0) await chown(at('deep/file-2'), 1234, 4321);
  for (const name of ['inside', 'outside']) await lutimes(at(name), PAST, PAST);
  // What changes there later inherits the default ones.
  must('setfacl', '--modify', 'u:1234:r,g:4321:rw', at('deep/file-3'));
  must('setfacl', '--modify', 'u:1234:rwx,m::rx', at('deep/er'));
  must('setfacl', '--default', '--modify', 'u:1234:rx,g:4321:r', at('deep'));
  await newDump(source, 0, 100_000);
}

const PAST = new Date('2026-01-02T03:04:05Z');

/** Changes the source as a night does: a new dump, an old one less, and one of the small changes. */
export async function changeSource(source: string, night: number, random: Random): Promise<void> {
  const at = (name: string) => join(source, name);
  await newDump(source, night, between(random, 300_000, 1_200_000));
  const dumps = (await readdir(at('dumps'))).sort();
  for (const old of dumps.slice(0, -2)) await rm(at(`dumps/${old}`));
  switch (between(random, 0, 5)) {
    case 0:
      return writeFile(at(`deep/file-${between(random, 3, 11)}`), `night ${night}\n`.repeat(between(random, 1, 50)));
    case 1:
      return chmod(at('deep/file-0'), oneOf(random, [0o600, 0o640, 0o444, 0o755]));
    case 2:
      await mkdir(at(`deep/night-${night}`));
      return writeFile(at(`deep/night-${night}/note`), `night ${night}\n`);
    case 3:
      return rename(at('deep/er'), at('deep/between')).then(() => rename(at('deep/between'), at('deep/er')));
    case 4:
      await link(at('deep/file-1'), at(`link-${night}`));
      return;
    default:
      return;
  }
}

/** Nothing of it can be had from an older file, and its time differs from that of every other one. */
async function newDump(source: string, night: number, bytes: number): Promise<void> {
  const path = join(source, 'dumps', `dump-${String(night).padStart(4, '0')}.bin`);
  await writeFile(path, randomBytes(bytes));
  const time = new Date(PAST.getTime() + night * 60_000);
  await utimes(path, time, time);
}
