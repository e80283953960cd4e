/*
 * A manifest is what sha256sum(1) writes: `cd SNAPSHOT && sha256sum --check ../ID.sha256` reads it. One line for each regular
 * file, sorted by the bytes of the whole path; a path begins with `./`, because sha256sum takes `-` for its own input.
 *
 * In this room a name is a path below the snapshot as a string of bytes ("latin1", one character for each): such strings take
 * half the memory of buffers, and `<` compares them byte by byte.
 */

/** The checksum of one file. */
export interface SumLine {
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly digest: string;
}

const HERE = './';

/** What sha256sum escapes in a name (coreutils 9.1), and how. A line with such a name begins with a backslash. */
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' };
const ESCAPED = /[\\\n\r]/g;
const UNESCAPED: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r' };

/** With at least one escape, and nothing that would need one. */
const ESCAPED_NAME = /^[^\\\n\r]*(?:\\[\\nr][^\\\n\r]*)+$/;
/** A step that is none, or a NUL: no file below a snapshot has such a path. */
const NO_PATH = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;

const PLAIN_LINE = /^[0-9a-f]{64} {2}\.\//;

/** Writes one line, with its end. */
export function formatSumLine({ name, digest }: SumLine): string {
  const escaped = name.replace(ESCAPED, (byte) => ESCAPES[byte] ?? byte);
  return `${escaped.length === name.length ? '' : '\\'}${digest}  ${HERE}${escaped}\n`;
}

/** Reads one line, without its end. @returns undefined when we would not have written it */
export function parseSumLine(line: string): SumLine | undefined {
  const escaped = line.startsWith('\\');
  const plain = escaped ? line.slice(1) : line;
  if (!PLAIN_LINE.test(plain)) return undefined;
  const digest = plain.slice(0, 64);
  const written = plain.slice(66 + HERE.length);
  if (written === '') return undefined;
  if (NO_PATH.test(written)) return undefined;
  if (!escaped) return written.search(ESCAPED) >= 0 ? undefined : { name: written, digest };
  if (!ESCAPED_NAME.test(written)) return undefined;
  return { name: written.replace(/\\[\\nr]/g, (pair) => UNESCAPED[pair] ?? pair), digest };
}
