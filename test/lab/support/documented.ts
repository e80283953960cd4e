import { readFileSync } from 'node:fs';

/** The pages of which every fenced block is executed, in reading order. */
export const PAGES = ['README.md', 'docs/restore.md', 'docs/operations.md'] as const;

/** A fenced block of a page. */
export interface Block {
  readonly page: (typeof PAGES)[number];
  readonly line: number;
  /** `sh`, `yaml`, `ini`; empty for the output of a program. */
  readonly language: string;
  readonly text: string;
}

/** All fenced blocks, in the order of the pages. */
export function documentedBlocks(): readonly Block[] {
  return PAGES.flatMap((page) => {
    const text = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8');
    return [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(({ 1: language = '', 2: inside = '', index }) => ({
      page,
      line: text.slice(0, index).split('\n').length,
      language,
      text: inside,
    }));
  });
}

/** The block that contains exactly this line. @throws Error unless it is the only one */
export function blockWith(line: string, blocks: readonly Block[]): Block {
  const [found, ...others] = blocks.filter(({ text }) => text.split('\n').includes(line));
  if (!found || others.length > 0)
    throw new Error(`${found ? 'several blocks have' : 'no block has'} the line: ${line}`);
  return found;
}
