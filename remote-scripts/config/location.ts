/** Where the secondary's settings stand unless a command line says otherwise. */
export const SECONDARY_CONFIG = '/etc/offsite-rsync/secondary.yaml';

/** Name of the directory below a host's root in which snapshots wait to be deleted. No job can be called so. */
export const TRASH = '.trash';

/** Bytes that the settings have at most: thousands of hosts. */
export const LARGEST_SETTINGS = 4 * 1024 ** 2;
