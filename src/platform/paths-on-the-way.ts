import { readlinkSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/** The kernel follows as many symbolic links in one path (path_resolution(7)). */
const MOST_LINKS = 40;

/**
 * Every path that has to be visible to reach `path`: the path itself, and for each symbolic link on the way, the path that results
 * from following it.
 * @param path absolute; nothing need exist
 */
export function pathsOnTheWay(path: string): string[] {
  const ways = [path];
  let rest = partsOf(path);
  let at = '/';
  for (let links = 0; links < MOST_LINKS;) {
    const [part, ...behind] = rest;
    if (part === undefined) break;
    rest = behind;
    const next = part === '..' ? dirname(at) : join(at, part);
    const target = linkTarget(next);
    if (target === undefined) {
      at = next;
      continue;
    }
    links += 1;
    if (isAbsolute(target)) at = '/';
    rest = [...partsOf(target), ...rest];
    ways.push(join(at, ...rest));
  }
  return ways;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // No link, or nothing at all: reading it later will report that.
    return undefined;
  }
}
