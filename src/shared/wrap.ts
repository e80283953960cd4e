import width from 'string-width';

/**
 * Breaks a line between words. Colours count nothing; a word that is longer than a line stays whole.
 * @param columns that a line may have
 * @param indent in front of every line but the first
 */
export function wrapLine(text: string, columns: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && width(`${line} ${word}`) > columns) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
