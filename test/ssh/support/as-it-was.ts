import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../../support/processes.ts';

/**
 * Remembers directories as they are now, so that each test of a file can begin with the same: what is stored, what is
 * known of it, the configuration.
 * @param keep an existing directory for the copies, whose owner removes it
 * @returns a function that puts all of it back; inode numbers and birth times are new then
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
