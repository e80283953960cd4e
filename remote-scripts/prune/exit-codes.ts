import { exitCodeOf } from '../../src/shared/outcome.ts';

/** How a command of offsite-prune can end: the codes of the controller where they mean the same, and three more. */
export const EXIT = {
  done: { code: exitCodeOf('done'), meaning: 'done; nothing is wrong' },
  failed: { code: exitCodeOf('internal-error'), meaning: 'something could not be removed, or an internal error' },
  usage: {
    code: exitCodeOf('usage'),
    meaning: 'usage, invalid configuration, or refused (root, a wrong owner, a link)',
  },
  locked: { code: exitCodeOf('locked'), meaning: 'another prune is running, or a session kept a job locked' },
  stale: { code: exitCodeOf('stale'), meaning: 'status, check: a snapshot is overdue' },
  held: { code: 41, meaning: 'on hold: something looks wrong, and no snapshot of that job was removed' },
  damaged: { code: 43, meaning: 'status, check: stored files are known to be damaged (offsite-scrub)' },
  look: {
    code: 42,
    meaning:
      'status, check: nothing is overdue, but somebody must look (quarantine, unknown entries, no expect or channel)',
  },
} as const;

/** The table of exit codes for `--help`. */
export function describeExits(): string {
  const rows = Object.values(EXIT)
    .sort((a, b) => a.code - b.code)
    .map(({ code, meaning }) => `  ${String(code).padEnd(5)}${meaning}`);
  return ['Exit codes:', ...rows, '  128+n ended by signal n'].join('\n');
}
