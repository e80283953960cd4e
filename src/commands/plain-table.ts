import Table from 'cli-table3';
import pc from 'picocolors';

const LINES = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
  ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
];

/**
 * A table without lines, as `ls` and `systemctl` draw theirs: it can be read, searched and copied.
 * @param right indices of columns whose numbers stand at the right
 */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const table = new Table({
    // Painted by us: cli-table3 would colour a file or a pipe, too.
    head: head.map((word) => pc.dim(word)),
    chars: { ...Object.fromEntries(LINES.map((name) => [name, ''])), middle: ' ' },
    colAligns: head.map((_, index) => (right.includes(index) ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1 },
  });
  table.push(...rows.map((row) => [...row]));
  const lines = table.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}
