import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../../support/processes.ts';

/**
 * Remembers directories as they are now, so that each test of a file can begin with the same snapshots, state and
 * configuration.
 * @param keep an existing directory for the copies, whose owner removes it
 * @returns a function that restores all of it, with new inode numbers and birth times
 */
export function remember(keep: string, directories: readonly string[]): () => void {
  const copies = directories.map((directory, index) => {
    const copy = join(keep, `as-it-was-${index}`);
    mkdirSync(copy);
    must('cp', '-a', `${directory}/.`, copy);
    return { directory, copy };
  });
  return () => {
    for (const { directory, copy } of copies) must('sh', '-ec', PUT_BACK, directory, copy);
  };
}

// Node can remove neither deep trees nor, when we are not root, directories without permissions.
const PUT_BACK = `
chmod -R u+rwX "$0"
find "$0" -mindepth 1 -maxdepth 1 -exec rm -rf -- {} +
cp -a "$1/." "$0"
`;
