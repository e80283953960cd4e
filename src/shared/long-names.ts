/** Longest name that is told in full, in characters. A path may have 4,095, behind which the reason of an error is lost. */
const LONGEST = 240;

/** Characters that stay of a longer one at either end. */
const KEPT = 80;

/** A path or name for people: of one that is too long, its beginning and its end. */
export function shortName(name: string): string {
  return name.length <= LONGEST ? name : `${name.slice(0, KEPT)}…${name.slice(-KEPT)}`;
}

/** A message in which no name is too long: what stands in quotation marks, or holds no blank, is taken for one. */
export function withShortNames(message: string): string {
  if (message.length <= LONGEST) return message;
  return message.replace(/"[^"\n]*"|\S+/g, shortName);
}
