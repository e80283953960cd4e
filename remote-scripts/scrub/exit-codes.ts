import { exitCodeOf } from '../../src/shared/outcome.ts';

/** How offsite-scrub can end: the codes of offsite-prune where they mean the same, and one more. */
export const EXIT = {
  done: { code: exitCodeOf('done'), meaning: 'done; nothing is wrong' },
  failed: {
    code: exitCodeOf('internal-error'),
    meaning: 'something could not be read or written (a full disk), or an internal error',
  },
  usage: {
    code: exitCodeOf('usage'),
    meaning: 'usage, invalid configuration, or refused (root, a wrong owner, a link)',
  },
  locked: { code: exitCodeOf('locked'), meaning: 'another scrub of the host is running' },
  look: {
    code: 42,
    meaning: 'nothing is damaged, but somebody must look: a manifest had to be made again, or the scrub is behind',
  },
  damage: { code: 43, meaning: 'stored files are damaged: found now, or known from before' },
} as const;

/** The table of exit codes for `--help`. */
export function describeExits(): string {
  const rows = Object.values(EXIT)
    .sort((a, b) => a.code - b.code)
    .map(({ code, meaning }) => `  ${String(code).padEnd(5)}${meaning}`);
  return ['Exit codes:', ...rows, '  128+n ended by signal n'].join('\n');
}
