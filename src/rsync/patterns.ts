/**
 * A name as a pattern that stands for it and no other.
 * @param always whether the pattern that it becomes part of has a wildcard in any case
 */
export function escapePattern(name: Buffer, always = false): Buffer {
  const text = name.toString('latin1');
  // rsync(1), "PATTERN MATCHING RULES": a backslash is literal unless the pattern has a wildcard.
  return Buffer.from(always || /[*?[]/.test(text) ? text.replace(/[\\*?[]/g, '\\$&') : text, 'latin1');
}

/**
 * Patterns that take in certain names, with the directories above them and everything below them, and nothing else once everything is
 * excluded after them; each is ended by a NUL.
 * @param names paths without a slash at either end
 */
export function scopePatterns(names: readonly Buffer[]): Buffer {
  const patterns = new Set<string>();
  for (const name of names) {
    for (let slash = name.indexOf(0x2f); slash !== -1; slash = name.indexOf(0x2f, slash + 1)) {
      patterns.add(`/${escapePattern(name.subarray(0, slash)).toString('latin1')}/`);
    }
    patterns.add(`/${escapePattern(name).toString('latin1')}`);
    patterns.add(`/${escapePattern(name, true).toString('latin1')}/***`);
  }
  return Buffer.from([...patterns].map((pattern) => `${pattern}\0`).join(''), 'latin1');
}
