/** What is wrong with the encoding of a text. */
export interface EncodingProblem {
  /** Line, from 1; undefined if the whole file is concerned. */
  readonly line: number | undefined;
  /** What is wrong and how to fix it. */
  readonly message: string;
}

/**
 * Finds bytes that were not UTF-8 in a text that was read as UTF-8: node replaces each of them with U+FFFD. A NUL is an error too,
 * because no text file contains one.
 */
export function encodingProblem(text: string): EncodingProblem | undefined {
  if (text.includes('\0')) {
    const message = 'is not UTF-8 but probably UTF-16, as editors on Windows write it: iconv -f UTF-16 -t UTF-8';
    return { line: undefined, message };
  }
  const place = text.indexOf('\uFFFD');
  if (place < 0) return undefined;
  const message =
    'contains a character that is not UTF-8: type it again, or convert the file, for example with iconv -f ISO-8859-1 -t UTF-8';
  return { line: text.slice(0, place).split('\n').length, message };
}
