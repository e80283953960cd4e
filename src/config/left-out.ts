import { relative } from 'node:path';

/** The path of `place` relative to `source`: empty if they are the same, undefined if `place` is not below `source`. */
export function pathBelow(source: string, place: string): string | undefined {
  const path = relative(source, place);
  return path === '..' || path.startsWith('../') ? undefined : path;
}

/**
 * Whether an anchored pattern without wildcards excludes `path`, everything in it, or a directory above it.
 * @param path relative to the source
 */
export function leavesOut(patterns: readonly string[], path: string): boolean {
  return patterns.some((pattern) => {
    const plain = pattern.replace(/\/(?:\*{1,3})?$/, '');
    return plain.startsWith('/') && plain !== '/' && (`/${path}` === plain || `/${path}`.startsWith(`${plain}/`));
  });
}
