/** Where the first line of the program keeps the `LC_ALL` of its user; scripts/bundle.mjs sets it. */
const KEPT = 'OFFSITE_RSYNC_LC_ALL';

/**
 * Restores the user's locale in the environment, for the programs that send alerts. The first line of the program has removed it,
 * because node crashes at its start if the name has fifty letters.
 */
export function restoreLocale(environment: NodeJS.ProcessEnv): void {
  const locale = environment[KEPT];
  if (locale === undefined) return; // started as `node cli.js`
  Reflect.deleteProperty(environment, KEPT);
  if (locale === '') Reflect.deleteProperty(environment, 'LC_ALL');
  else environment.LC_ALL = locale;
}
