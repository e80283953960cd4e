import { exitsOf } from '../program/exits.ts';

/** How offsite-drill can end. */
export const EXIT = exitsOf({
  done: 'every drill succeeded, or none was due',
  failed: 'an internal error',
  usage: 'usage, invalid configuration, or refused (root, a wrong owner, no such snapshot)',
  locked: 'another drill of this host is running',
  bad: 'a drill failed: a dump is not whole, or the command failed',
});
