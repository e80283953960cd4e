import { createRandom } from '../support/seed.ts';

/** What parsers have stumbled over since there are parsers. */
const NASTY: readonly string[] = [
  ...['', ' ', '  ', '\t', '\n', '\r', '\0', '\x1b[2J', '\u0085', '\u00a0', '\u2028', '\u202e', '\ufeff', '\ufffd', 'é', '😀', '\ud800'],
  ...['/', '//', '.', '..', '../', '/../', './', '~', '*', '?', '[', ']', '{', '}', '(', ')', '\\', '\\#', '\\#134', '\\#400', '\\n', '"', "'", '`', '$(id)'],
  ...['-', '--', '=', '+', '%', '%i', ':', ',', ';', '|', '&', '!', '@', '#', '<', '>', '->', '=>', '---', '...', '<<', '<<: *a', '&a', '*a', '!!set', '!!omap', '!!binary', '? '],
  ...['0', '-0', '-1', '00', '1e999', '-1e999', '1e21', '9007199254740993', '18446744073709551616', '0x10', '1_000', '.inf', '.nan', 'NaN', 'Infinity', '0.5', '1e-7'],
  ...['null', 'true', 'false', '~', 'yes', 'undefined', '[]', '{}', '""', '__proto__', 'constructor', 'toString', 'version', 'length'],
  ...['2026-02-30', '2026-13-01', '0000-01-01', '9999-12-31', '2026-02-30T00:00:00Z', '2026-11-23T24:00:00Z', '2026-11-23T02:15Z', '9999-12-31T235959Z', '+275760-09-13', '1', 'Mon', '2026-11-23'],
  ...['9999999999999999999999d', '0s', '1ms', 'off', '100%', '101%', '0%', '30 2 30 2 *', '@yearly', '* * * * *', '*/0 * * * *', 'Mars/Base', 'x'.repeat(300)],
  '["x"]', '{"toString":1,"valueOf":1}', '{"__proto__":{"a":1}}', '[[[[[[[[]]]]]]]]',
]; // prettier-ignore

/** Values for a place in a JSON text. */
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 0.5, 1e21, 2 ** 53, Number.MAX_VALUE, '', '\0', [], {}, [null], [[]], { toString: 1, valueOf: 1 }],
  ...NASTY,
]; // prettier-ignore

/** Makes endless inputs of a corpus: the same for the same seed. */
export function createMutator(corpus: readonly string[], seed: number): () => string {
  const random = createRandom(seed);
  const below = (count: number) => Math.floor(random() * count);
  const one = <T>(all: readonly T[]): T => all[below(all.length)]!;
  const pieces = [...new Set(corpus.flatMap((text) => text.split(/[\s"':,{}[\]/=]+/)))].filter((text) => text !== '');
  const piece = () => (random() < 0.5 ? one(NASTY) : one(pieces));

  const changes: readonly ((text: string) => string)[] = [
    (text) => splice(text, below(text.length + 1), 0, piece()),
    (text) => splice(text, below(text.length + 1), 1 + below(4), piece()),
    (text) => splice(text, below(text.length + 1), 1, String.fromCharCode(random() < 0.9 ? 32 + below(95) : below(0x3000))),
    (text) => splice(text, below(text.length + 1), 1 + below(12), ''),
    (text) => {
      const at = below(text.length + 1);
      return splice(text, below(text.length + 1), 0, text.slice(at, at + 1 + below(40)));
    },
    (text) => between(text, ' ', (words) => words.toSpliced(below(words.length + 1), below(2), piece())),
    (text) => between(text, '\n', (lines) => lines.toSpliced(below(lines.length), 1, one(lines))),
    (text) => between(text, '\n', (lines) => lines.toSpliced(below(lines.length), 1)),
    (text) => between(text, ' ', (words) => words.toSpliced(below(words.length), 1, one(words))),
    (text) => between(text, ' ', (words) => {
      const at = 1 + below(words.length);
      return [...words.slice(0, at - 1), words.slice(at - 1, at + 1).join(one(['=', '', '  ', '\t'])), ...words.slice(at + 1)];
    }),
    // In front of a value: YAML has tags, anchors and aliases there.
    (text) => text.replace(random() < 0.5 ? /: (?=\{)/ : /: /g, (colon) => (random() < 0.3 ? `${colon}${one(['!!set ', '!!omap ', '!!binary ', '&a ', '*a '])}` : colon)),
    (text) => text.replace(/\d+/, (digits) => (random() < 0.5 ? digits : String(below(1e9)))),
  ]; // prettier-ignore

  /** One value, key or element of a JSON text. */
  const changeJson = (text: string): string => {
    const value = parse(text);
    if (value === undefined) return one(changes)(text);
    const places: [holder: Record<string, unknown>, key: string][] = [];
    const visit = (holder: unknown) => {
      if (typeof holder !== 'object' || holder === null) return;
      for (const key of Object.keys(holder)) {
        places.push([holder as Record<string, unknown>, key]);
        visit((holder as Record<string, unknown>)[key]);
      }
    };
    visit(value);
    if (places.length === 0) return one(changes)(text);
    const [holder, key] = one(places);
    const chance = random();
    if (chance < 0.6) holder[key] = one(VALUES);
    else if (chance < 0.7) holder[key] = one(places)[0];
    else if (chance < 0.8 && !Array.isArray(holder)) Reflect.deleteProperty(holder, key);
    else if (typeof holder[key] === 'string') holder[key] = one(changes)(holder[key]);
    else if (!Array.isArray(holder)) holder[one(['__proto__', 'version', 'id', key])] = holder[key];
    return write(value) ?? text;
  };

  return () => {
    let text = one(corpus);
    const isJson = /^[[{]/.test(text);
    for (let left = 1 + below(4); left > 0; left -= 1) {
      text = isJson && random() < 0.7 ? perLine(text, changeJson, below) : one(changes)(text);
    }
    return text;
  };
}

/** A text of several lines of JSON is changed in one of them. */
function perLine(text: string, change: (line: string) => string, below: (count: number) => number): string {
  if (parse(text) !== undefined) return change(text);
  return between(text, '\n', (lines) => {
    const at = below(lines.length);
    return lines.toSpliced(at, 1, change(lines[at] ?? ''));
  });
}

function splice(text: string, at: number, removed: number, added: string): string {
  return `${text.slice(0, at)}${added}${text.slice(at + removed)}`;
}

function between(text: string, separator: string, change: (parts: string[]) => string[]): string {
  return change(text.split(separator)).join(separator);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value that holds itself has no text. */
function write(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
