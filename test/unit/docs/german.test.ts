import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

/** The fenced blocks of a page, as lines without comments. */
function blocksOf(path: string): string[][] {
  return [...read(path).matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, , inside = '']) =>
    inside.split('\n').flatMap((line) => {
      const typed = line.replace(/(^|\s+)# .*$/, '').trimEnd();
      return typed === '' ? [] : [typed];
    }),
  );
}

describe('README.de.md', () => {
  const german = blocksOf('README.de.md');
  // Every block of these is typed by test/lab/documentation.
  const tested = ['README.md', 'docs/restore.md', 'docs/operations.md'].flatMap(blocksOf);

  it('has only blocks that a test types from another page', () => {
    expect(german.length).toBeGreaterThan(7);
    for (const block of german) expect(tested).toContainEqual(block);
  });

  it('has every block of the way to the first backup, in the order of the README', () => {
    const way = read('README.md').split('## Installation')[1]?.split('### By hand')[0] ?? '';
    const wanted = blocksOf('README.md').filter((block) => way.includes(`\n${block[0] ?? ''}`));
    const from = german.findIndex((block) => block.join() === wanted[0]?.join());
    expect(wanted.length).toBeGreaterThan(5);
    expect(german.slice(from, from + wanted.length)).toEqual(wanted);
  });

  it('has no word for a term that the design does not know', () => {
    const rows = [...(read('README.de.md').split('## Begriffe')[1] ?? '').matchAll(/^\| [^|]+ \| ([a-z]+) \| /gm)];
    const design = read('docs/design.md').split('## Words')[1]?.split('\n## ')[0] ?? '';
    expect(rows.length).toBeGreaterThan(10);
    for (const [, word = ''] of rows) expect(design).toMatch(new RegExp(`^\\| [^|]*\\b${word}\\b[^|]* \\|`, 'm'));
  });
});
