import { errorCode } from '../../src/platform/files.ts';
import { inodeAt } from './inodes.ts';
import type { Tree } from './tree.ts';

/** What a walk comes to: a regular file, or a directory that it cannot enter. */
export type Step =
  | { readonly kind: 'file'; readonly name: string }
  /** `kept-out`: by its mode (`metadata: plain` keeps those of the source). `unreadable`: the disk does not give it. */
  | { readonly kind: 'kept-out' | 'unreadable'; readonly name: string };

/** Errors of a directory by which its mode keeps us out. */
const BY_MODE: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM']);

/**
 * Errors that do not come from the entry that was read: there is nothing to be said of it then.
 *
 *   ENOENT, ENOTDIR  it is gone, with its snapshot perhaps
 *   the others       this machine has no more of something
 */
const NOT_ITS_OWN: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Every regular file of a tree, by the bytes of its whole path. Links are not followed. Memory holds the names of one directory
 * and of those above it.
 * @throws NodeJS.ErrnoException when a directory is gone, as it is when prune takes the snapshot away meanwhile
 */
export function* walk(tree: Tree, directory = ''): Generator<Step> {
  const names = listed(tree, directory);
  if (typeof names !== 'object') {
    yield { kind: names, name: `${directory}/` };
    return;
  }
  const before = directory === '' ? '' : `${directory}/`;
  // Whole paths are sorted when each directory counts with the slash that follows it.
  for (const name of names.sort(byBytes)) {
    if (name.endsWith('/')) yield* walk(tree, before + name.slice(0, -1));
    else yield { kind: 'file', name: before + name };
  }
}

function listed(tree: Tree, directory: string): string[] | 'kept-out' | 'unreadable' {
  try {
    return tree.list(directory, (name) => kindOf(tree, name));
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === undefined) throw error;
    return trouble;
  }
}

/**
 * What an error of the file system says about the entry that was to be read.
 * @returns undefined when it says nothing about it
 */
export function troubleOf(error: unknown): 'kept-out' | 'unreadable' | undefined {
  const code = errorCode(error);
  if (code === undefined || NOT_ITS_OWN.has(code)) return undefined;
  return BY_MODE.has(code) ? 'kept-out' : 'unreadable';
}

function kindOf(tree: Tree, name: string): 'file' | 'directory' | 'other' {
  const { isFile, isDirectory } = inodeAt(tree.at(name));
  return isFile ? 'file' : isDirectory ? 'directory' : 'other';
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
