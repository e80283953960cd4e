import { chmod, chown, link, lutimes, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '../../support/seed.ts';

/** Fills a directory with one of everything that a backup may contain; when run as root, with owners too. */
export async function fillSampleTree(directory: string): Promise<void> {
  const at = (name: string) => join(directory, name);
  const past = new Date('2026-01-02T03:04:05.678Z');
  await mkdir(at('deep/er'), { recursive: true });
  await writeFile(at('dump.sql'), dumpText(20_000, 0));
  await writeFile(at('deep/secret.conf'), 'password=hunter2\n', { mode: 0o600 });
  await writeFile(at('deep/er/run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  await chmod(at('deep/er/run.sh'), 0o4755);
  await writeFile(at("name with blank, 'quote' and ü"), 'x\n');
  await link(at('dump.sql'), at('hard-link.sql'));
  await symlink('deep/secret.conf', at('inside'));
  await symlink('/etc/passwd', at('outside'));
  await writeFile(at('empty'), '');
  await chmod(at('deep/er'), 0o550);
  if (process.getuid?.() === 0) {
    await chown(at('deep/secret.conf'), 1234, 4321);
    await chown(at('deep/er'), 33, 33);
  }
  for (const name of ['dump.sql', 'deep/secret.conf', 'deep/er/run.sh', 'deep/er', 'deep', '.']) {
    await utimes(at(name), past, past);
  }
  // Both, because rsync does not set the time of a new symlink if it was made in the same second as the source's.
  for (const name of ['inside', 'outside']) await lutimes(at(name), past, past);
}

/** Lines of text like a dump's: all different, and the same for the same seed. */
export function dumpText(lines: number, seed: number): string {
  const random = createRandom(seed);
  return Array.from(
    { length: lines },
    (_, index) => `INSERT INTO t VALUES (${index}, ${Math.floor(random() * 2 ** 31)});\n`,
  ).join('');
}
