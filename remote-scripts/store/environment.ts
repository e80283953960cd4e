/**
 * The whole environment of a program that the gate starts. sshd passes on the client's LANG and LC_*
 * (facts.md#environment).
 */
export const CHILD_ENVIRONMENT: Readonly<Record<'PATH' | 'LC_ALL', string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C',
};
