import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { anchorsOf } from './support/anchors.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'README.de.md',
  ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

describe.each(pages)('%s', (page) => {
  it('links to pages and headings that exist', () => {
    for (const [, target = '', anchor] of read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
      const path = target === '' ? page : join(dirname(page), target);
      expect(existsSync(join(root, path)), `${page} links to ${target}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(read(path)), `${page} links to ${target}#${anchor}`).toContain(anchor);
    }
  });
});

describe('docs/security.md', () => {
  it('names tests that exist', () => {
    const named = [...read('docs/security.md').matchAll(/`((?:attack|ssh|unit)\/[\w/-]+)`/g)].map(
      ([, name = '']) => name,
    );
    expect(named.length).toBeGreaterThan(30);
    for (const name of named) {
      const path = join(root, 'test', name);
      expect(existsSync(`${path}.test.ts`) || existsSync(path), name).toBe(true);
    }
  });
});
