interface VerifyModeRow {
  /** What was read, for the summary of a run. */
  readonly read: string;
  /** The same in few words. */
  readonly short: string;
}

/**
 * What is compared after a push. `full`: everything that is stored of everything. `content`: every byte, and names, sizes and times of
 * everything; owners, modes and ACLs of what the push looked at. `changed`: everything of what the push looked at, and names, sizes and
 * times of the rest.
 */
export const VERIFY_MODES = {
  full: { read: 'every file read on both sides', short: 'all' },
  content: { read: 'every file read on both sides, metadata of what may have changed', short: 'all bytes' },
  changed: { read: 'what was sent read on both sides', short: 'what was sent' },
} as const satisfies Record<string, VerifyModeRow>;

/** A key of {@link VERIFY_MODES}. */
export type VerifyMode = keyof typeof VERIFY_MODES;

/** The keys of {@link VERIFY_MODES}. */
export const verifyModes = Object.keys(VERIFY_MODES) as readonly VerifyMode[];
