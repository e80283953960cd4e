import type { Block, Span } from './roff.ts';

export const section = (title: string): Block => ({ kind: 'section', title });
export const subsection = (title: string): Block => ({ kind: 'subsection', title });
export const paragraph = (text: string): Block => ({ kind: 'paragraph', text: prose(text) });
export const verbatim = (...lines: readonly string[]): Block => ({ kind: 'verbatim', lines });
export const item = (term: readonly Span[], text: string): Block => ({ kind: 'item', term, text: prose(text) });

/** The line by which `apropos` finds a page. */
export const nameLine = (name: string, purpose: string): readonly Block[] => [
  section('Name'),
  { kind: 'paragraph', text: [`${name} - ${purpose}`] },
];

/** Text of a description: what is in backticks is to be typed. */
export function prose(text: string): readonly Span[] {
  return text.split('`').map((part, place) => (place % 2 === 1 ? { typed: part } : part));
}

/** Flags, commands and arguments as commander writes them: names bold, `<file>` and `[job...]` italic. */
export function usage(text: string): readonly Span[] {
  return text.split(/(<[^>]+>|\[[^\]]+\])/).map((part, place) => (place % 2 === 1 ? { open: part } : { typed: part }));
}
