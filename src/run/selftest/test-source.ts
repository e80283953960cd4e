import { randomBytes } from 'node:crypto';
import { link, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories } from '../../platform/files.ts';

/** Large enough for a line to break in the middle of it. It cannot be compressed. */
const LARGE = 16 * 2 ** 20;

const SMALL_FILES = 100;

/**
 * Makes a backup to try a transfer with: small files, a large one, and what is easily lost on the way.
 * @param directory does not exist yet
 */
export async function makeTestSource(directory: string): Promise<void> {
  const at = (...steps: string[]) => join(directory, ...steps);
  await makeDirectories(at('small'));
  for (let number = 0; number < SMALL_FILES; number += 1) {
    await writeFile(at('small', `${number}.txt`), `File ${number} of a test: ${randomBytes(100).toString('hex')}\n`);
  }
  await writeFile(at('large'), randomBytes(LARGE));
  await writeFile(at('an odd name: ü *?[x] \\ "quoted"\nand a second line'), 'Nobody names a file like this.\n');
  await link(at('small', '0.txt'), at('hard link'));
  await symlink('small/1.txt', at('symbolic link'));
}

/** Gives it another large file, as the next backup would have: it has to be sent again. */
export async function renewTestSource(directory: string): Promise<void> {
  await writeFile(join(directory, 'large'), randomBytes(LARGE));
}
