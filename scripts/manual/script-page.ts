import type { Block } from './roff.ts';
import { item, nameLine, paragraph, section, verbatim } from './words.ts';

/** What a page says of a script besides its help. */
export interface ScriptPage {
  readonly name: string;
  readonly purpose: string;
  /** What it prints with --help: usage, paragraphs, then sections such as `Options:`. */
  readonly help: string;
  /** Names of pages, with their sections. */
  readonly seeAlso: readonly string[];
}

/** The page of a shell script, which declares nothing: made from its help. */
export function scriptPage({ name, purpose, help, seeAlso }: ScriptPage): readonly Block[] {
  const [usage = '', ...parts] = help.trimEnd().split('\n\n');
  return [
    ...nameLine(name, purpose),
    section('Synopsis'),
    ...usage
      .split('\n')
      .map((line): Block => ({ kind: 'paragraph', text: [{ typed: name }, line.replace(/^(?:Usage:| {6}) \S+/, '')] })),
    section('Description'),
    ...parts.flatMap(blocksOf),
    section('See also'),
    paragraph(seeAlso.join(', ')),
  ];
}

function blocksOf(part: string): readonly Block[] {
  const [, title, inside] = /^([A-Z][a-z ]+):\n([^]*)$/.exec(part) ?? [];
  if (title === undefined || inside === undefined) {
    const [, exits] = /^Exit codes: (.*)\.$/.exec(part) ?? [];
    return exits === undefined ? [paragraph(part)] : [section('Exit status'), ...exits.split('; ').map(exitOf)];
  }
  const rows = inside.split(/\n(?= {2}\S)/).map((row) => /^ {2}(\S+(?: \S+)*) {2,}([^]*)$/.exec(row));
  return [
    section(title),
    ...(rows.includes(null)
      ? [verbatim(...inside.split('\n').map((line) => line.slice(2)))]
      : rows.map((row) => item([{ typed: row?.[1] ?? '' }], row?.[2] ?? ''))),
  ];
}

function exitOf(text: string): Block {
  const [code = '', ...meaning] = text.split(' ');
  return item([{ typed: code }], meaning.join(' '));
}
