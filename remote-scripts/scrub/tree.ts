import { closeSync, constants, opendirSync, openSync, type Dirent } from 'node:fs';

/** Bytes of a path that the kernel surely takes (PATH_MAX is 4096, with the end). */
const LONGEST_PATH = 4000;

/** Bytes of a longer path that lead to a directory, which is then opened. */
const FIRST_PART = 3000;

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Names that are read at once from a directory. */
const AT_ONCE = 1024;

/**
 * The tree of one snapshot. rsync takes names of up to 4095 bytes, so that some paths with our root before them are longer than
 * the kernel takes at once: they are reached from a directory on the way, which is kept open.
 */
export class Tree {
  readonly #root: string;
  #far: { readonly directory: string; readonly fd: number } | undefined;

  /** @param root path of the directory */
  constructor(root: string) {
    this.#root = Buffer.from(root).toString('latin1');
  }

  /** The path of a name, for calls of node. @param name bytes as a string; empty for the tree itself */
  at(name: string): string | Buffer {
    const path = name === '' ? this.#root : `${this.#root}/${name}`;
    return bytesOf(path.length <= LONGEST_PATH ? path : this.#from(name));
  }

  close(): void {
    if (this.#far !== undefined) closeSync(this.#far.fd);
    this.#far = undefined;
  }

  #from(name: string): string {
    const directory = name.slice(0, name.lastIndexOf('/', FIRST_PART));
    if (this.#far?.directory !== directory) {
      this.close();
      this.#far = { directory, fd: openSync(bytesOf(`${this.#root}/${directory}`), DIRECTORY) };
    }
    return `/proc/self/fd/${this.#far.fd}/${name.slice(directory.length + 1)}`;
  }

  /**
   * The names in a directory, unsorted: `/` is added to that of a directory. What is neither file nor directory is left out.
   * @param kindOf asked where the file system does not say what an entry is
   * @throws NodeJS.ErrnoException when it cannot be read
   */
  list(name: string, kindOf: (below: string) => 'file' | 'directory' | 'other'): string[] {
    const names: string[] = [];
    const directory = opendirSync(this.at(name), { bufferSize: AT_ONCE, encoding: 'latin1' as 'utf8' });
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        const kind = toldKind(entry) ?? kindOf(name === '' ? entry.name : `${name}/${entry.name}`);
        if (kind === 'file') names.push(entry.name);
        else if (kind === 'directory') names.push(`${entry.name}/`);
      }
    } finally {
      directory.closeSync();
    }
    return names;
  }
}

function toldKind(entry: Dirent): 'file' | 'directory' | 'other' | undefined {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  const other = entry.isSymbolicLink() || entry.isFIFO() || entry.isSocket() || entry.isBlockDevice();
  return other || entry.isCharacterDevice() ? 'other' : undefined;
}

/** Node takes a string for UTF-8; for names in ASCII it need not be converted. */
function bytesOf(path: string): string | Buffer {
  return /[^\0-\x7f]/.test(path) ? Buffer.from(path, 'latin1') : path;
}
