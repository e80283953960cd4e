import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { encodingProblem } from '../shared/encoding.ts';
import { FORMATS } from './formats.ts';
import type { SchemaError, Validator } from './schema-compiler.ts';
import { wordMeant } from '../shared/suggestion.ts';

/** One thing that is wrong in a YAML file. */
export interface ConfigProblem {
  /** Where, as keys joined by dots: `jobs.postgres.guard.max_age`; empty for the file as a whole. */
  readonly path: string;
  /** Line in the file, from 1; undefined when it is not known. */
  readonly line: number | undefined;
  /** What is wrong and how to fix it. */
  readonly message: string;
}

/** The result of reading a YAML file: its value with defaults filled in, or all its problems. */
export type ParsedConfig<T> =
  | { readonly ok: true; readonly value: T; readonly locate: Locate }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[]; readonly value: unknown };

/** Finds the line of a path of keys, for rules that go beyond the schema. */
export type Locate = (path: readonly (string | number)[]) => number | undefined;

/**
 * Reads a YAML file against a JSON Schema: all problems at once, each with its path, its line and the fix. Defaults of
 * the schema are filled in.
 * @param text the file's content
 * @param validate the compiled schema (schema-compiler.ts), with `additionalProperties: false` wherever keys are fixed
 * @param rules rules beyond the schema; if the value does not fit the schema, what they find is reported as well where
 * possible
 */
export function parseYamlConfig<T>(
  text: string,
  validate: Validator,
  rules?: (value: T, locate: Locate) => readonly ConfigProblem[],
): ParsedConfig<T> {
  const foreign = encodingProblem(text);
  if (foreign) return { ok: false, problems: [{ path: '', ...foreign }], value: undefined };
  const lines = new LineCounter();
  // Repeated keys are looked for below, so that each can be named.
  // Values are what YAML 1.2 says, whatever the text says of itself: a `!!set` or `!!omap` would become an object without keys.
  const fixed = { schema: 'core', resolveKnownTags: false, uniqueKeys: false } as const;
  const document = parseDocument(text, { ...fixed, lineCounter: lines, prettyErrors: false });
  const broken = [
    ...document.errors.map((error) => ({
      path: '',
      line: lines.linePos(error.pos[0]).line,
      message:
        error.code === 'MULTIPLE_DOCS'
          ? 'a second document begins here (---): a configuration is a single document'
          : `not valid YAML: ${error.message}`,
    })),
    ...wrongKeys(document, lines),
  ];
  if (broken.length > 0) return { ok: false, problems: broken, value: undefined };
  let value: unknown;
  try {
    value = document.toJS() ?? {};
  } catch (error) {
    // An alias without an anchor, or aliases that multiply without end, are found only when they are followed.
    const message = `not valid YAML: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, problems: [{ path: '', line: undefined, message }], value: undefined };
  }
  const locate: Locate = (path) => lineOf(document, lines, path);
  if (validate(value)) {
    const problems = rules?.(value as T, locate) ?? [];
    return problems.length === 0 ? { ok: true, value: value as T, locate } : { ok: false, problems, value };
  }
  const shape = problemsOf(validate.errors ?? [], locate);
  const problems = [...shape, ...ruleProblemsBeside(shape, value, () => rules?.(value as T, locate) ?? [])];
  return { ok: false, problems: problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)), value };
}

/**
 * Keys that appear twice in one group, which YAML forbids, but the parser's own message names neither key nor group; and keys that are no words,
 * which could repeat one without being seen.
 */
function wrongKeys(document: Document, lines: LineCounter): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  visit(document, {
    Map: (_, map, ancestors) => {
      const lineOfFirst = new Map<string, number>();
      for (const { key } of map.items) {
        const range = isNode(key) ? key.range : undefined;
        if (!range) continue;
        const line = lines.linePos(range[0]).line;
        if (!isScalar(key)) {
          problems.push({ path: '', line, message: 'a key is a plain word: no alias, no list and no group of keys' });
          continue;
        }
        const name = String(key.value);
        const first = lineOfFirst.get(name);
        if (first === undefined) {
          lineOfFirst.set(name, line);
          continue;
        }
        const above = ancestors.flatMap((node) => (isPair(node) && isScalar(node.key) ? [String(node.key.value)] : []));
        const message = `not valid YAML: this key appears twice in one group, first in line ${first}; remove one of them`;
        problems.push({ path: [...above, name].join('.'), line, message });
      }
    },
  });
  return problems;
}

/**
 * What the rules find in a value that does not fit the schema, so that everything is reported at once. The rules expect
 * a value of the right shape: they may throw, and what they say of a part that is missing or of the wrong shape is
 * dropped.
 */
function ruleProblemsBeside(
  shape: readonly ConfigProblem[],
  value: unknown,
  rules: () => readonly ConfigProblem[],
): readonly ConfigProblem[] {
  try {
    return rules().filter(
      ({ path }) =>
        holds(value, path) && !shape.some(({ path: wrong }) => isWithin(path, wrong) || isWithin(wrong, path)),
    );
  } catch {
    return [];
  }
}

function isWithin(path: string, other: string): boolean {
  return path === other || path.startsWith(`${other}.`);
}

// Keys can contain dots, so a path is followed key by key instead of being split.
function holds(value: unknown, path: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, inner]) => key === path || (path.startsWith(`${key}.`) && holds(inner, path.slice(key.length + 1))),
  );
}

/** Problems as lines for people: `  line 12  jobs.db.source: …`. */
export function formatProblems(file: string, problems: readonly ConfigProblem[]): string {
  const noun = problems.length === 1 ? 'problem' : 'problems';
  const rows = problems.map(({ path, line, message }) => {
    const where = [line === undefined ? '' : `line ${line}`, path].filter(Boolean).join(', ');
    return `  ${where === '' ? '' : `${where}: `}${message}`;
  });
  return [`${file}: ${problems.length} ${noun}`, ...rows].join('\n');
}

function problemsOf(errors: readonly SchemaError[], locate: Locate): ConfigProblem[] {
  const problems = new Map<string, ConfigProblem>();
  for (const error of errors) {
    const problem = problemOf(error, locate);
    // A literal instead of a reference breaks several keywords at once; one line is enough.
    if (problem) problems.set(`${problem.path}\n${problem.message}`, problem);
  }
  return [...problems.values()];
}

function problemOf(error: SchemaError, locate: Locate): ConfigProblem | undefined {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  if (error.propertyName !== undefined) path.push(error.propertyName);
  const at = (keys: readonly string[], message: string): ConfigProblem => ({
    path: keys.join('.'),
    line: locate(keys),
    message,
  });
  const parent = error.parentSchema ?? {};
  if (parent.secretReference === true && error.keyword !== 'additionalProperties') {
    return at(
      path,
      'is given by reference only, never in this file: { env: NAME }, { file: /PATH }, { credential: NAME } or { command: [PROGRAM, …] }',
    );
  }
  // A wrong type gets the message for types instead.
  if (typeof parent.fault === 'string' && error.keyword !== 'type') return at(path, parent.fault);
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = (error.params as { additionalProperty: string }).additionalProperty;
      const known = Object.keys((parent.properties ?? {}) as object);
      return at([...path, key], `unknown key${suggestion(key, known)}`);
    }
    case 'required':
      return at(path, `the key "${(error.params as { missingProperty: string }).missingProperty}" is missing`);
    case 'dependencies': {
      const { property, missingProperty } = error.params as { property: string; missingProperty: string };
      return at([...path, property], `is given without ${missingProperty}: give both, or neither`);
    }
    case 'format': {
      const format = FORMATS[(error.params as { format: string }).format];
      return at(path, `${shown(error.data)} does not fit: ${format?.expectation ?? error.message ?? ''}`);
    }
    case 'minProperties':
      return at(path, 'is empty: at least one entry belongs here');
    case 'propertyNames':
      return undefined; // the error of the name's own schema reports it, with its path
    case 'enum':
    case 'const': {
      const allowed = (parent.enum ?? [parent.const]) as unknown[];
      const hint = typeof error.data === 'string' ? suggestion(error.data, allowed.map(String)) : '';
      return at(path, `${shown(error.data)} is not one of: ${allowed.map(String).join(', ')}${hint}`);
    }
    case 'type': {
      const format = typeof parent.format === 'string' ? FORMATS[parent.format] : undefined;
      const wanted = format?.expectation ?? `a value of type ${[parent.type].flat().join(' or ')} belongs here`;
      return at(path, `${shown(error.data)} does not fit: ${wanted}`);
    }
    case 'if':
    case 'oneOf':
    case 'anyOf':
      return undefined; // the errors of the branch report it
    default:
      return at(path, `${shown(error.data)} ${error.message ?? 'does not fit'}`);
  }
}

function suggestion(word: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const best = wordMeant(word, known);
  return best === undefined ? `; known here: ${known.join(', ')}` : `; did you mean "${best}"?`;
}

function shown(data: unknown): string {
  if (data === null) return 'an empty value';
  if (typeof data === 'object') return Array.isArray(data) ? 'a list' : 'a group of keys';
  return JSON.stringify(data);
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function lineOf(document: Document, lines: LineCounter, path: readonly (string | number)[]): number | undefined {
  // The deepest part of the path that is in the file: a missing key is reported at its group.
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const key = path[depth - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(({ key: node }) => isScalar(node) && String(node.value) === String(key));
      if (pair && isScalar(pair.key) && pair.key.range) return lines.linePos(pair.key.range[0]).line;
    }
    const node = document.getIn(path.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return document.contents?.range ? lines.linePos(document.contents.range[0]).line : undefined;
}
