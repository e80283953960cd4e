import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'fflate';
import { pack } from 'tar-stream';
import { errorCode } from '../platform/files.ts';

/** When everything in the archive was changed last: long ago, and always then. */
const THEN = new Date('2000-01-01T00:00:00Z');

/** Where the programs of the secondary lie in the package of the controller; in the archive they lie at the top. */
const PROGRAMS = 'dist/remote';

/** What else is in the archive, and where it lies in the package: files, and directories with all that is in them. */
const ELSE: readonly (readonly [inArchive: string, inPackage: string])[] = [
  ['LICENSE', 'LICENSE'],
  ['install.sh', 'remote-scripts/install.sh'],
  ['offsite-secondary', 'remote-scripts/offsite-secondary'],
  ['secondary.example.yaml', 'remote-scripts/secondary.example.yaml'],
  ['systemd', 'remote-scripts/systemd'],
  ['man/man5/offsite-rsync-secondary.yaml.5', 'dist/man/man5/offsite-rsync-secondary.yaml.5'],
  ['man/man8', 'dist/man/man8'],
];

/** Thrown where the package lacks something that the archive must have. */
export class IncompletePackageError extends Error {}

/**
 * Everything that a secondary needs besides node, rsync and sh, as a .tar.gz. The same package makes the same bytes on every
 * machine: nothing of users, times or modes of this one is in them, and what compresses is in the program.
 * @param root the package of the controller, as npm installs it or a build leaves it
 * @param name the directory that all of it lies in
 * @throws IncompletePackageError
 */
export async function secondaryArchive(root: string, name: string): Promise<Uint8Array> {
  const files = new Map([
    ...programsIn(join(root, PROGRAMS)),
    ...ELSE.flatMap(([to, from]) => filesIn(root, from, to)),
  ]);
  const archive = pack();
  for (const path of [...files.keys()].sort()) {
    const content = files.get(path) ?? Buffer.alloc(0);
    const mode = content.subarray(0, 2).toString() === '#!' ? 0o755 : 0o644;
    archive.entry({ name: `${name}/${path}`, mode, mtime: THEN, uid: 0, gid: 0, uname: '', gname: '' }, content);
  }
  archive.finalize();
  return gzipSync(await buffer(archive), { level: 9, mtime: 0 });
}

/** The programs, and the parts that they load: a build keeps those of former ones, too. */
function programsIn(directory: string): [path: string, content: Buffer][] {
  const paths = new Set(entriesOf(directory).filter((path) => !path.includes('/')));
  const found: [string, Buffer][] = [];
  // The loop also reaches what is added meanwhile.
  for (const path of paths) {
    const content = contentOf(join(directory, path));
    found.push([path, content]);
    if (!path.endsWith('.mjs')) continue;
    for (const [, part = ''] of content.toString().matchAll(/["']\.\/(?:parts\/)?([\w-]+\.mjs)["']/g)) {
      paths.add(`parts/${part}`);
    }
  }
  return found;
}

function filesIn(root: string, from: string, to: string): [path: string, content: Buffer][] {
  const place = join(root, from);
  return entriesOf(place).map((path) => [join(to, path), contentOf(join(place, path))]);
}

/** The files in a directory and below it, or '' for a file itself. */
function entriesOf(place: string): string[] {
  try {
    return readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(place, join(entry.parentPath, entry.name)));
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') return [''];
    throw incomplete(place, error);
  }
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw incomplete(path, error);
  }
}

function incomplete(path: string, error: unknown): unknown {
  return errorCode(error) === 'ENOENT' ? new IncompletePackageError(`${path} is missing`) : error;
}
