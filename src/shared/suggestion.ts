import { closest, distance } from 'fastest-levenshtein';

/** The known word that was probably meant, or undefined if more than two letters, or more than a third of them, differ. */
export function wordMeant(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(word, [...known]);
  return distance(word, best) <= Math.max(2, word.length / 3) ? best : undefined;
}

/** For commander: what was probably meant stands on the line that says what is wrong. */
export const ON_ONE_LINE = {
  outputError: (text: string, write: (text: string) => void): void => {
    write(text.replace(/\n(?=\(Did you mean)/, ' '));
  },
};
