/** Longest name that is shown in full, in characters. A path may have 4,095, and readers would not find the reason behind it. */
const LONGEST = 240;

/** Characters of a longer name that are kept at either end. */
const KEPT = 80;

/** A path or name for people: if it is too long, only its beginning and its end. */
export function shortName(name: string): string {
  return name.length <= LONGEST ? name : `${name.slice(0, KEPT)}…${name.slice(-KEPT)}`;
}

/** Shortens names in a message. A name is anything in quotation marks, or any word without a blank. */
export function withShortNames(message: string): string {
  if (message.length <= LONGEST) return message;
  return message.replace(/"[^"\n]*"|\S+/g, shortName);
}
