import { exitsOf } from '../program/exits.ts';

/** How a command of offsite-prune can end. */
export const EXIT = exitsOf({
  failed: 'something could not be removed, or an internal error',
  locked: 'another prune is running, or a session kept a job locked',
  stale: 'status, check: a snapshot is overdue',
  held: 'on hold: something looks wrong, and no snapshot of that job was removed',
  look: 'status, check: nothing is overdue, but somebody must look (quarantine, unknown entries, no expect or channel)',
  damaged: 'status, check: stored files are known to be damaged (offsite-scrub)',
});
