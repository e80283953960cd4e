/** Where install.sh puts the gate, without a PREFIX. */
export const GATE = '/usr/local/bin/offsite-gate';

/** Where Debian's rsync has its restricted shell. */
const RRSYNC = '/usr/bin/rrsync';

/** What starts when a key logs in: the key of a run, or one that only reads. */
type Key = 'push' | 'read';

/**
 * The forced command of a key, as offsite-secondary writes it; a test compares them.
 * @param host its name on the secondary
 * @param root where the hosts are on a plain secondary
 * @param gate the words that start the gate there
 */
export function forcedCommand(
  secondary: 'gate' | 'rrsync',
  key: Key,
  {
    host,
    root = '/srv/offsite',
    gate = GATE,
  }: { readonly host: string; readonly root?: string; readonly gate?: string },
): string {
  const words =
    secondary === 'gate'
      ? { push: `${gate} ${host}`, read: `${gate} --read ${host}` }
      : // -ro neither locks nor deletes.
        { push: `${RRSYNC} -wo -no-del -munge ${root}/${host}`, read: `${RRSYNC} -ro -munge ${root}/${host}` };
  return words[key];
}

/** The line of authorized_keys. @param key type, base64 and comment */
export function authorizedKeysLine(command: string, key: string): string {
  return `command="${command}",restrict ${key}`;
}
