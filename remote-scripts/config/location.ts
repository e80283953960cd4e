/** Where the secondary's settings are, unless the command line says otherwise. */
export const SECONDARY_CONFIG = '/etc/offsite-rsync/secondary.yaml';

/** Largest size of the settings in bytes, enough for thousands of hosts. */
export const LARGEST_SETTINGS = 4 * 1024 ** 2;
