// How a build takes the place of the one before, while programs of that one may be running.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** In dist/: the parts that only the build before needs, one a line. */
const FORMER_PARTS = '.former-parts';

/**
 * Moves a build from `fresh` to `dist` so that neither ever lacks a part: a run that is going on loads parts of its program
 * when it comes to need them (to send an alert, for instance), and a timer may start a program at any moment. Parts come
 * first and programs last; what only the build before needs stays until the next build. The name of a part is a hash of its
 * content, so two versions do not mix.
 * @param programs paths below `fresh` of what is started by name
 */
export function replaceBuild(fresh, dist, programs) {
  const built = filesBelow(fresh);
  const list = join(dist, FORMER_PARTS);
  const former = new Set(existsSync(list) ? readFileSync(list, 'utf8').split('\n') : []);
  const notBuilt = filesBelow(dist).filter((path) => path !== FORMER_PARTS && !built.includes(path));
  for (const path of [...built.filter((path) => !programs.includes(path)), ...programs]) {
    mkdirSync(dirname(join(dist, path)), { recursive: true });
    renameSync(join(fresh, path), join(dist, path));
  }
  for (const path of notBuilt.filter((path) => former.has(path))) rmSync(join(dist, path));
  writeFileSync(list, notBuilt.filter((path) => !former.has(path)).join('\n'));
}

/** Paths of the files below `directory`, from there; none where it does not exist. */
function filesBelow(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}
