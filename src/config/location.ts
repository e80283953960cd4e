/** Where the configuration is, unless `--config` or OFFSITE_RSYNC_CONFIG says otherwise. */
export const DEFAULT_CONFIG_FILE = '/etc/offsite-rsync/config.yaml';
