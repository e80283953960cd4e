import { must } from '../target.ts';

/** Says what a value must look like, and fails with the path of what does not. */
export type Fact = (value: unknown, path: string) => void;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };
const SIZES: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4 };

/** A name of a job, target, host or channel. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export function oneOf(...words: readonly unknown[]): Fact {
  return (value, path) => must(words.includes(value), `${path}: ${String(value)}`);
}

export function text(pattern: RegExp): Fact {
  return (value, path) => must(typeof value === 'string' && pattern.test(value), `${path}: ${JSON.stringify(value)}`);
}

export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Fact {
  return (value, path) => {
    must(Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most, `${path}: ${String(value)}`);
  };
}

/** @param least in milliseconds, and so is most; a part of one that is no whole number is rounded */
export function duration(least = 0, most = Number.MAX_SAFE_INTEGER): Fact {
  return (value, path) => {
    text(/^\s*(\d+(\.\d+)?\s*(ms|[smhdw])\s*)+$/)(value, path);
    const ms = milliseconds(String(value));
    must(ms >= least - 0.5 && ms <= most + 0.5, `${path}: ${String(value)} is too short or too long`);
  };
}

/** What a duration says. */
export function milliseconds(duration: string): number {
  let ms = 0;
  for (const [, count, unit] of duration.matchAll(/([\d.]+)\s*([a-z]+)/g)) ms += Number(count) * UNITS[unit!]!;
  return ms;
}

/** @param least in bytes */
export function size(least = 0): Fact {
  return (value, path) => {
    text(/^\s*\d+(\.\d+)?\s*([kmgt](i?b)?|b)?\s*$/i)(value, path);
    const [, count, unit = '', decimal] = /([\d.]+)\s*([kmgt]?)(b)?/i.exec(String(value)) ?? [];
    const bytes = Number(count) * (decimal === undefined ? 1024 : 1000) ** (SIZES[unit.toLowerCase()] ?? 0);
    must(bytes >= least - 0.5 && bytes <= Number.MAX_SAFE_INTEGER + 1, `${path}: ${String(value)} is too little`);
  };
}

export const share: Fact = (value, path) => {
  text(/^\s*\d{1,3}(\.\d+)?\s*%\s*$/)(value, path);
  must(Number.parseFloat(String(value)) <= 100, `${path}: ${String(value)}`);
};

export const flag = oneOf(true, false);
export const path = text(/^\/[^\0]*$/);
export const cron = text(/^\s*(@[a-z]+|[^\sH]\S*(\s+[^\sH]\S*){4})\s*$/);
export const timezone = text(/^[A-Za-z0-9+/:_-]+$/);

export function or(first: Fact, value: unknown): Fact {
  return (each, at) => {
    if (each !== value) first(each, at);
  };
}

export function list(fact: Fact, least = 0): Fact {
  return (value, at) => {
    must(Array.isArray(value) && value.length >= least, `${at}: no list`);
    for (const [index, each] of (value as unknown[]).entries()) fact(each, `${at}.${index}`);
  };
}

/** A list in which nothing is twice. */
export function set(fact: Fact, least = 0): Fact {
  return (value, at) => {
    list(fact, least)(value, at);
    must(new Set(value as unknown[]).size === (value as unknown[]).length, `${at}: twice`);
  };
}

/** Keys of which each is there, but for those that end in `?`; and no other. */
export function group(facts: Readonly<Record<string, Fact>>): Fact {
  const known = Object.entries(facts).map(([key, fact]) => [key.replace('?', ''), key.endsWith('?'), fact] as const);
  return (value, at) => {
    const own = recordOf(value, at);
    for (const key of Object.keys(own))
      must(facts[key] !== undefined || facts[`${key}?`] !== undefined, `${at}.${key}`);
    for (const [key, isOptional, fact] of known)
      if (!isOptional || Object.hasOwn(own, key)) fact(own[key], `${at}.${key}`);
  };
}

/** The same under names that somebody has chosen. */
export function named(fact: Fact, { least = 1, name = NAME } = {}): Fact {
  return (value, at) => {
    const own = Object.entries(recordOf(value, at));
    must(own.length >= least, `${at}: is empty`);
    for (const [key, each] of own) {
      must(name.test(key) && !/\.(sealed|partial|frozen)$/.test(key), `${at}: the name ${JSON.stringify(key)}`);
      fact(each, `${at}.${key}`);
    }
  };
}

const LITERAL = group({ 'env?': text(/^[A-Za-z_]\w*$/), 'file?': path, 'credential?': text(/^(?!\.\.?$)[\w.-]+$/), 'command?': list(text(/./s), 1) }); // prettier-ignore

/** An endpoint, a key or another secret is never in a configuration: it is told where it is. */
export const reference: Fact = (value, at) => {
  must(Object.keys(recordOf(value, at)).length === 1, `${at}: no reference`);
  LITERAL(value, at);
};

export function recordOf(value: unknown, at: string): Readonly<Record<string, unknown>> {
  must(typeof value === 'object' && value !== null && !Array.isArray(value), `${at}: no group of keys`);
  return value as Readonly<Record<string, unknown>>;
}
