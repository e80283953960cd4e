// What others wrote (file names, server answers) ends up in headers, chat messages and terminals, so it is made
// harmless here.

/** Control characters, line separators, and direction marks, which make a text look like another one. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** How many characters of a text are considered for one line. */
const LONGEST_LOOKED_AT = 10_000;

/**
 * Text of many lines without control characters: newlines and tabs stay, `\r\n` becomes `\n`, a lone surrogate becomes
 * U+FFFD.
 */
export function plainText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(UNPRINTABLE, (found) => (found === '\n' || found === '\t' ? found : ''));
}

/**
 * Text fit for a header: one line, no control characters, at most `max` characters. A line break becomes a space, so
 * that nothing after it can pass for another header.
 */
export function oneLine(text: string, max = 200): string {
  const beginning = text.slice(0, LONGEST_LOOKED_AT);
  return clip(plainText(beginning).replace(/\s+/gu, ' ').trim(), max);
}

/** At most `max` characters (code points); what is cut off is marked with `…`. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  // A character is at most two UTF-16 units, so the rest of a long text need not be looked at.
  const characters = Array.from(text.slice(0, 2 * max + 2));
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join('')}…`;
}

/** At most `max` bytes of UTF-8, whole characters only; what is cut off is marked with `…`. */
export function clipBytes(text: string, max: number): string {
  if (Buffer.byteLength(text) <= max) return text;
  const room = max - Buffer.byteLength('…');
  let size = 0;
  let kept = '';
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > room) break;
    kept += character;
  }
  return `${kept}…`;
}
