/** All that a program started by the gate finds in its environment. sshd lets LANG and LC_* through (facts.md#environment). */
export const CHILD_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C',
};
