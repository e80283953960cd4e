import { exitCodeOf } from '../../src/shared/outcome.ts';

/** How offsite-drill can end. */
export const EXIT = {
  done: { code: exitCodeOf('done'), meaning: 'every drill succeeded, or none was due' },
  failed: { code: exitCodeOf('internal-error'), meaning: 'an internal error' },
  usage: {
    code: exitCodeOf('usage'),
    meaning: 'usage, invalid configuration, or refused (root, a wrong owner, no such snapshot)',
  },
  locked: { code: exitCodeOf('locked'), meaning: 'another drill of this host is running' },
  bad: { code: 44, meaning: 'a drill failed: a dump is not whole, or the command failed' },
} as const;

/** The table of exit codes for `--help`. */
export function describeExits(): string {
  const rows = Object.values(EXIT)
    .sort((a, b) => a.code - b.code)
    .map(({ code, meaning }) => `  ${String(code).padEnd(5)}${meaning}`);
  return ['Exit codes:', ...rows, '  128+n ended by signal n'].join('\n');
}
