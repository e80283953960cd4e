/** A piece of a line: plain, to be typed as it is (bold), or to be replaced by what it stands for (italic). */
export type Span = string | { readonly typed: string } | { readonly open: string };

/** What stands on a page, from the top to the bottom. */
export type Block =
  | { readonly kind: 'section' | 'subsection'; readonly title: string }
  | { readonly kind: 'paragraph'; readonly text: readonly Span[] }
  /** A term, and indented below it what it means. */
  | { readonly kind: 'item'; readonly term: readonly Span[]; readonly text: readonly Span[] }
  /** Lines as somebody would type them. */
  | { readonly kind: 'verbatim'; readonly lines: readonly string[] };

/** What is at the top and bottom of a page. */
export interface Heading {
  readonly name: string;
  readonly section: number;
  /** Program and version. */
  readonly source: string;
  /** What the section holds: `User Commands`. */
  readonly manual: string;
}

/** A page of the manual in the language man(7). Without a date, so that the same sources make the same page. */
export function printPage({ name, section, source, manual }: Heading, blocks: readonly Block[]): string {
  const top = `.TH ${inQuotes(name.toUpperCase())} ${String(section)} "" ${inQuotes(source)} ${inQuotes(manual)}`;
  // Not hyphenated and not adjusted: names of options must be found by a search, and have no gaps.
  return `${[top, '.nr HY 0', '.nh', '.ad l', ...blocks.flatMap(linesOf)].join('\n')}\n`;
}

function linesOf(block: Block): readonly string[] {
  switch (block.kind) {
    case 'section':
      return [`.SH ${inQuotes(block.title.toUpperCase())}`];
    case 'subsection':
      return [`.SS ${inQuotes(block.title)}`];
    case 'paragraph':
      return ['.PP', lineOf(block.text)];
    case 'item':
      return ['.TP', lineOf(block.term), lineOf(block.text)];
    case 'verbatim':
      return ['.PP', '.RS 4', '.EX', ...block.lines.map((line) => guarded(escaped(line))), '.EE', '.RE'];
    default:
      return block satisfies never;
  }
}

function lineOf(spans: readonly Span[]): string {
  const words = spans.map((span) => {
    if (typeof span === 'string') return escaped(onOneLine(span));
    return 'typed' in span ? `\\fB${escaped(span.typed)}\\fR` : `\\fI${escaped(span.open)}\\fR`;
  });
  return guarded(words.join('').trim());
}

/** Characters that roff changes or takes for its own: each stays what it is, also for somebody who copies it. */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
};

function escaped(text: string): string {
  return text.replace(
    /[\\\-'`^~"]|[^\x20-\x7e]/gu,
    (character) => ESCAPES[character] ?? `\\[u${hexOf(character).padStart(4, '0')}]`,
  );
}

function hexOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
}

/** A line that begins with a dot would be a request, and an empty one a break. */
function guarded(line: string): string {
  return line === '' || line.startsWith('.') ? `\\&${line}` : line;
}

function inQuotes(text: string): string {
  return `"${escaped(onOneLine(text))}"`;
}

function onOneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
