/** Where the secondary's settings stand unless a command line says otherwise. */
export const SECONDARY_CONFIG = '/etc/offsite-rsync/secondary.yaml';

/** Bytes that the settings have at most: thousands of hosts. */
export const LARGEST_SETTINGS = 4 * 1024 ** 2;
