/** Where the secondary's settings stand unless a command line says otherwise. */
export const SECONDARY_CONFIG = '/etc/offsite-rsync/secondary.yaml';
