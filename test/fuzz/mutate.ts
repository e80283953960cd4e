import { createRandom } from '../support/seed.ts';

/** What parsers have stumbled over since there are parsers. */
const NASTY: readonly string[] = [
  ...['', ' ', '  ', '\t', '\n', '\r', '\0', '\x1b[2J', '\u0085', '\u00a0', '\u2028', '\u202e', '\ufeff', '\ufffd', 'é', '😀', '\ud800'],
  ...['/', '//', '.', '..', '../', '/../', './', '~', '*', '?', '[', ']', '{', '}', '(', ')', '\\', '\\#', '\\#134', '\\#400', '\\n', '"', "'", '`', '$(id)'],
  ...['-', '--', '=', '+', '%', '%i', ':', ',', ';', '|', '&', '!', '@', '#', '<', '>', '->', '=>', '---', '...', '<<', '<<: *a', '&a', '*a', '!!set', '!!omap', '!!binary', '? '],
  ...['0', '-0', '-1', '00', '1e999', '-1e999', '1e21', '9007199254740993', '18446744073709551616', '0x10', '1_000', '.inf', '.nan', 'NaN', 'Infinity', '0.5', '1e-7'],
  ...['null', 'true', 'false', '~', 'yes', 'undefined', '[]', '{}', '""', '__proto__', 'constructor', 'toString', 'version', 'length'],
  ...['2026-02-30', '2026-13-01', '0000-01-01', '9999-12-31', '2026-02-30T00:00:00Z', '2026-11-23T24:00:00Z', '2026-11-23T02:15Z', '9999-12-31T235959Z', '+275760-09-13', '1', 'Mon', '2026-11-23'],
  ...['9999999999999999999999d', '0s', '1ms', 'off', '100%', '101%', '0%', '30 2 30 2 *', '@yearly', '* * * * *', '*/0 * * * *', 'Mars/Base', '.sealed', '.partial', 'root', 'x'.repeat(300)],
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
  const characters = corpus.flatMap((text) => Array.from(text));
  const atOne = (text: string, places: RegExp, change: (found: string) => string) => {
    const all = [...text.matchAll(places)];
    if (all.length === 0) return text;
    const { 0: found, index } = one(all);
    return splice(text, index, found.length, change(found));
  };
  const changeNumber = (digits: string): string => {
    const chance = random();
    if (chance < 0.4) return digits.replace(/\d/g, () => String(below(10)));
    if (chance < 0.6) return splice(digits, below(digits.length), 1, String(below(10)));
    if (chance < 0.8) return String(Number(digits) + below(3) - 1);
    return chance < 0.9 ? `${below(10)}${digits}` : String(below(10 ** (1 + below(12))));
  };

  const changes: readonly ((text: string) => string)[] = [
    (text) => splice(text, below(text.length + 1), 0, piece()),
    (text) => splice(text, below(text.length + 1), 1 + below(4), piece()),
    (text) => splice(text, below(text.length + 1), 1, String.fromCharCode(random() < 0.9 ? 32 + below(95) : below(0x3000))),
    (text) => splice(text, below(text.length + 1), random() < 0.5 ? 1 : below(12), ''),
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
    (text) => atOne(text, /\d+/g, changeNumber),
    // One more of what is there: at the limit of a count, a length or a set of letters.
    (text) => splice(text, below(text.length + 1), 0, one(characters)),
    (text) => between(text, ' ', (words) => {
      const at = below(words.length);
      return words.toSpliced(at, 0, ...Array.from({ length: 1 + below(8) }, () => words.slice(at, at + 1 + below(2))).flat());
    }),
    (text) => atOne(text, /\w+/g, (word) => word.repeat(1 + below(1 + 80 / word.length))),
  ]; // prettier-ignore

  /** Changes one value, key or element of what a line of JSON says. */
  const changeValue = (line: unknown): void => {
    const places: [holder: Record<string, unknown>, key: string][] = [];
    const visit = (holder: unknown) => {
      if (typeof holder !== 'object' || holder === null) return;
      for (const key of Object.keys(holder)) {
        places.push([holder as Record<string, unknown>, key]);
        visit((holder as Record<string, unknown>)[key]);
      }
    };
    visit(line);
    if (places.length === 0) return;
    const [holder, key] = one(places);
    const value = holder[key];
    const [otherHolder, otherKey] = one(places);
    const chance = random();
    if (chance < 0.15) holder[key] = copyOf(one(VALUES));
    else if (chance < 0.3) holder[key] = piece();
    else if (chance < 0.4) holder[key] = copyOf(otherHolder);
    else if (chance < 0.5) holder[key] = copyOf(otherHolder[otherKey]);
    else if (chance < 0.9) holder[key] = changeScalar(value);
    else if (Array.isArray(holder)) holder.push(copyOf(value));
    else if (chance < 0.95) Reflect.deleteProperty(holder, key);
    else holder[random() < 0.5 ? one(['__proto__', 'version', 'id', piece()]) : one(changes)(key)] = value;
  };

  const changeScalar = (value: unknown): unknown => {
    if (typeof value === 'number') return Number(changeNumber(String(value)));
    if (typeof value !== 'string') return copyOf(one(VALUES));
    return random() < 0.5 ? atOne(value, /\d+/g, changeNumber) : one(changes)(value);
  };

  /** Changes so many values in the lines of a text. */
  const changeLines = (lines: readonly string[], count: number): string => {
    const changed = new Map<number, unknown>();
    for (let left = count; left > 0; left -= 1) {
      const at = below(lines.length);
      if (!changed.has(at)) changed.set(at, parse(lines[at]));
      changeValue(changed.get(at));
    }
    return lines.map((line, at) => (changed.has(at) ? (write(changed.get(at)) ?? line) : line)).join('\n');
  };

  const seeds = corpus.map((text) => ({ text, lines: jsonLines(text) }));
  return () => {
    const { text: seed, lines } = one(seeds);
    let text = seed;
    // Mostly one or two, since only what is nearly right comes to the last checks.
    let left = 1 + below(1 + below(4));
    if (lines !== undefined) {
      // Values first: what has become other text can seldom be read as JSON again.
      const values = Array.from({ length: left }, () => random() < 0.7).filter(Boolean).length;
      text = changeLines(lines, values);
      left -= values;
    }
    for (; left > 0; left -= 1) text = one(changes)(text);
    return text;
  };
}

/** The lines of a text of JSON, of which each is a value; one, if the text as a whole is one. */
function jsonLines(text: string): readonly string[] | undefined {
  if (!/^[[{]/.test(text)) return undefined;
  return parse(text) === undefined ? text.split('\n') : [text];
}

function splice(text: string, at: number, removed: number, added: string): string {
  return `${text.slice(0, at)}${added}${text.slice(at + removed)}`;
}

function between(text: string, separator: string, change: (parts: string[]) => string[]): string {
  return change(text.split(separator)).join(separator);
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** What is changed later is not the value of somebody else. */
function copyOf(value: unknown): unknown {
  return typeof value === 'object' ? parse(write(value)) : value;
}

/** Nothing has no text, nor has a value that holds itself. */
function write(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
