/** Where the first line of the program keeps the `LC_ALL` of its user; scripts/bundle.mjs sets it. */
const KEPT = 'OFFSITE_RSYNC_LC_ALL';

/**
 * Gives the environment back the locale of the user, for the programs that tell people. The first line of the program takes it
 * away until node has started, since node dies of a name of fifty letters.
 */
export function restoreLocale(environment: NodeJS.ProcessEnv): void {
  const locale = environment[KEPT];
  if (locale === undefined) return; // started as `node cli.js`
  Reflect.deleteProperty(environment, KEPT);
  if (locale === '') Reflect.deleteProperty(environment, 'LC_ALL');
  else environment.LC_ALL = locale;
}
