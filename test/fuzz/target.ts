/** One parser under attack. */
export interface Target {
  readonly name: string;
  /** Its corpus is `corpus/NAME.txt`; default: its own name. */
  readonly corpus?: string;
  /** Makes an input of what the corpus says. */
  readonly seed?: (text: string) => string;
  /**
   * Lets the parser read one input, and what it accepts be written and read again.
   * @returns whether it was accepted
   * @throws Error when the parser fails, or accepts what nobody of ours writes
   */
  readonly check: (text: string) => boolean;
}

/** Plain conditions: millions of calls of `expect` would take minutes. */
export function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** Two values must be the same as JSON. */
export function mustBeSame(one: unknown, other: unknown, what: string): void {
  const [first, second] = [JSON.stringify(one), JSON.stringify(other)];
  if (first !== second) throw new Error(`${what}:\n${first}\n${second}`);
}
