import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { anchorsOf } from './support/anchors.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');
const sources = ['src', 'remote-scripts', 'test', 'scripts'].flatMap((top) =>
  readdirSync(`${root}/${top}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs|js|sh)$/.test(name))
    .map((name) => `${top}/${name}`),
);

describe('comments in the code', () => {
  it.each(['facts', 'design'])('point to headings of docs/%s.md that exist', (page) => {
    const headings = anchorsOf(read(`docs/${page}.md`));
    const pattern = new RegExp(`\\b${page}\\.md#([\\w-]+)`, 'g');
    const references = sources.flatMap((path) =>
      [...read(path).matchAll(pattern)].map(([, anchor = '']) => ({ path, anchor })),
    );
    expect(references.length).toBeGreaterThan(5);
    expect(references.filter(({ anchor }) => !headings.includes(anchor))).toEqual([]);
  });

  it('refer to no page by number', () => {
    const numbered = /\b(FACTS|DESIGN) \d/;
    expect(sources.length).toBeGreaterThan(300);
    expect(sources.filter((path) => numbered.test(read(path)))).toEqual([]);
  });
});
