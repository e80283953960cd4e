import { exitCodeOf } from '../../src/shared/outcome.ts';

/** Exit codes of the programs of the secondary: those of the controller where they mean the same, and three more. */
const CODES = {
  done: exitCodeOf('done'),
  failed: exitCodeOf('internal-error'),
  usage: exitCodeOf('usage'),
  locked: exitCodeOf('locked'),
  stale: exitCodeOf('stale'),
  held: 41,
  look: exitCodeOf('findings'),
  damaged: 43,
  bad: 44,
} as const;

type Exit = keyof typeof CODES;

/** Ends that every program knows; the frame itself ends with them. */
type CommonExit = 'done' | 'failed' | 'usage' | 'locked';

/** How a program can end, by name. */
export type Exits<E extends Exit = CommonExit> = Readonly<
  Record<E, { readonly code: number; readonly meaning: string }>
>;

/** What the common ends mean, unless a program says more. */
const COMMON_MEANINGS = {
  done: 'done; nothing is wrong',
  usage: 'usage, invalid configuration, or refused (root, a wrong owner, a link)',
} as const;

/**
 * The table of a program's exit codes.
 * @param meanings what each end of this program means; an end that is left out has its common meaning
 */
export function exitsOf<E extends Exit>(
  meanings: Readonly<Record<E | Exclude<CommonExit, keyof typeof COMMON_MEANINGS>, string>>,
): Exits<E | CommonExit> {
  const rows = Object.entries<string>({ ...COMMON_MEANINGS, ...meanings });
  // Every key is one of the parameter or a common one, which TypeScript cannot see through Object.entries.
  return Object.fromEntries(rows.map(([end, meaning]) => [end, { code: CODES[end as Exit], meaning }])) as Exits<
    E | CommonExit
  >;
}

/** The table of exit codes for `--help`. */
export function describeExits(exits: Exits): string {
  const rows = Object.values(exits)
    .sort((a, b) => a.code - b.code)
    .map(({ code, meaning }) => `  ${String(code).padEnd(5)}${meaning}`);
  return ['Exit codes:', ...rows, '  128+n ended by signal n'].join('\n');
}
