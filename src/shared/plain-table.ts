import width from 'string-width';

/** Columns between two columns. */
const GAP = '  ';

/**
 * A table without lines, as `ls` and `systemctl` print them: easy to read, search and copy. It is laid out here because
 * the time that cli-table3 needs grows with the square of the number of rows: 50 s for 20,000.
 * @param head the names of the columns, painted or not: whether there are colours is known to the caller alone
 * @param right indices of the columns that are aligned to the right
 */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = head.map((word, column) =>
    rows.reduce((most, row) => Math.max(most, width(row[column] ?? '')), width(word)),
  );
  const line = (cells: readonly string[]) =>
    widths
      .map((columns, index) => {
        const text = cells[index] ?? '';
        const space = ' '.repeat(columns - width(text));
        return right.includes(index) ? `${space}${text}` : `${text}${space}`;
      })
      .join(GAP)
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}
