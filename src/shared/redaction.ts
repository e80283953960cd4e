/** Replaces every known secret in a text. */
export type Redact = (text: string) => string;

/** A value that must never leave the process, with the name it may be called by. */
export interface NamedSecret {
  readonly name: string;
  readonly value: string;
}

/**
 * Makes the one redactor through which everything that leaves the process passes.
 *
 * Longest values first, so that a secret that contains another is replaced whole. Multi-line values (keys) are
 * also replaced line by line, because messages quote single lines. Values of a URL are also known by their host
 * and by their credentials, since libraries quote only those parts. Each is also known as it is written in a URL, a form or JSON,
 * because a server may quote what it was sent.
 * @param secrets values as they were read; empty and one-character values cannot be told from ordinary text and are skipped
 */
export function createRedactor(secrets: readonly NamedSecret[]): Redact {
  const replacements = new Map<string, string>();
  for (const { name, value } of secrets) {
    for (const part of partsOf(value).flatMap(waysToWrite)) replacements.set(part, `[${name}]`);
  }
  const ordered = [...replacements].sort(([a], [b]) => b.length - a.length);
  if (ordered.length === 0) return (text) => text;
  const pattern = new RegExp(ordered.map(([value]) => bounded(value)).join('|'), 'gi');
  const byLower = new Map(ordered.map(([value, replacement]) => [value.toLowerCase(), replacement]));
  return (text) => text.replace(pattern, (found) => byLower.get(found.toLowerCase()) ?? '[secret]');
}

/** A redactor that learns secrets as they are read. Everybody who already has its `redact` function uses the new ones at once. */
export interface LearningRedactor {
  readonly redact: Redact;
  learn(secrets: readonly NamedSecret[]): void;
}

/** Makes a {@link LearningRedactor} that knows nothing yet. */
export function createLearningRedactor(): LearningRedactor {
  const known: NamedSecret[] = [];
  let current: Redact = (text) => text;
  return {
    redact: (text) => current(text),
    learn: (secrets) => {
      known.push(...secrets);
      current = createRedactor(known);
    },
  };
}

/** Redacts every string inside a JSON-like value. */
export function redactDeep<T>(value: T, redact: Redact): T {
  if (typeof value === 'string') return redact(value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => redactDeep(item, redact)) as T;
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, redactDeep(item as unknown, redact)]),
    ) as T;
  }
  return value;
}

function partsOf(value: string): string[] {
  const trimmed = value.trim();
  const parts = [trimmed, ...trimmed.split('\n').map((line) => line.trim())];
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) && URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  if (url) parts.push(url.href, url.host, url.hostname, decode(url.username), decode(url.password), ...secretPath(url));
  return parts.filter((part) => part.length > 1);
}

/** A text as it is, and as URLs, forms and JSON write it. */
function waysToWrite(text: string): string[] {
  const written = text.toWellFormed();
  const form = new URLSearchParams({ '': written }).toString().slice(1);
  return [text, encodeURIComponent(written), encodeURI(written), form, JSON.stringify(written).slice(1, -1)];
}

// The path of a webhook URL is its credential. Short segments ("api", "v1") are ordinary words.
function secretPath(url: URL): string[] {
  return [url.pathname, url.search.slice(1), ...url.pathname.split('/')].filter((part) => part.length >= 8);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// A short value such as the port 22 or the user "bob" must not be replaced inside other numbers and words.
function bounded(value: string): string {
  const escaped = value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const before = /^\w/.test(value) ? '(?<!\\w)' : '';
  const after = /\w$/.test(value) ? '(?!\\w)' : '';
  return `${before}${escaped}${after}`;
}
