import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (page: string) => readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');

it('docs/comparison.md has the figures of docs/performance.md, each in the column of its program', () => {
  const [heads = [], ...rows] = [
    ...(read('comparison.md').split('## Measured')[1] ?? '').matchAll(/^\| (.*) \|$/gm),
  ].map(([, row = '']) => row.split('|').map((cell) => cell.trim()));
  const measured = read('performance.md').split('\n');
  const figures = rows.flatMap(([what = '', ...cells]) =>
    cells.flatMap((figure, column) => (/^\d/.test(figure) ? [{ what: what.split(':')[0] ?? '', figure, column }] : [])),
  );
  expect(figures.length).toBeGreaterThan(25);
  for (const { what, figure, column } of figures) {
    const scenario = what === 'first backup' ? 'first' : what;
    const row = measured.filter((line) => line.startsWith(`| ${scenario} | ${heads[column + 1] ?? ''} `));
    expect(
      row.some((line) => line.includes(`| ${figure} |`)),
      `${what}, ${heads[column + 1] ?? ''}: ${figure}`,
    ).toBe(true);
  }
  // What is said below the table.
  const said = [...read('comparison.md').matchAll(/\b\d+\.\d+ (?:s|KiB|MiB)\b/g)].map(([figure]) => figure);
  for (const figure of said) expect(read('performance.md'), figure).toContain(figure);
});
