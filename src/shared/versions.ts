/** The oldest supported Node version, for which the programs are built and tested. A test compares it with `engines` in package.json. */
export const OLDEST_NODE = '22.12';

/**
 * Whether a version comes before another. Only as many numbers as `oldest` has are compared, so `22.12.0-rc1` is not older than
 * `22.12`.
 * @param version such as `v22.12.0`, `22.12.0` or `3.2.7pre1`
 * @param oldest numbers with dots between, such as `22.12`
 */
export function isOlder(version: string, oldest: string): boolean {
  const [have, want] = [version.replace(/^v/, ''), oldest].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10)),
  );
  for (const [place, wanted] of (want ?? []).entries()) {
    const had = have?.[place] ?? 0;
    if (had !== wanted) return had < wanted;
  }
  return false;
}
