/**
 * Names of jobs, targets, hosts and channels become directory names, ssh aliases and metric labels, so they are
 * ASCII, start with a letter or digit and contain no character that has a special meaning in any of these.
 */
export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';

/** What a user is told about {@link NAME_PATTERN}. */
export const NAME_RULE =
  'a name is 1 to 63 ASCII letters, digits, dots, underscores and hyphens, and starts with a letter or digit';

const NAME = new RegExp(NAME_PATTERN);

/** Suffixes with a meaning on the secondary (design.md#on-the-secondary), so no job may end in one. */
const RESERVED_SUFFIX = /\.(sealed|partial|frozen)$/;

/**
 * The job of `doctor` and `selftest`: what they push is never sealed, and goes as every attempt without a seal goes. No job of a
 * configuration can have this name.
 */
export const SELFTEST_JOB = '_selftest';

/** Whether `text` may name a job, target, host or channel. */
export function isName(text: string): boolean {
  return NAME.test(text) && !RESERVED_SUFFIX.test(text);
}
