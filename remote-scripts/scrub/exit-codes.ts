import { exitsOf } from '../program/exits.ts';

/** How offsite-scrub can end. */
export const EXIT = exitsOf({
  failed: 'something could not be read or written (a full disk), or an internal error',
  locked: 'another scrub of the host is running',
  look: 'nothing is damaged, but somebody must look: a manifest had to be made again, or the scrub is behind',
  damaged: 'stored files are damaged: found now, or known from before',
});
