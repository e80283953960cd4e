import { relative } from 'node:path';

/** The room that knows the names on the disk of the secondary. */
const STORE = 'remote-scripts/store/';

/** The files that know those of them that both hosts read. */
const SHARED = ['src/shared/entry-names.ts', 'src/shared/seal.ts', 'src/shared/reading.ts'];

/** Endings of names in the directory of a job. */
const ENTRIES = /\.(partial|frozen|sealed|sha256|unsealed)\b/;

/** Endings and names that nothing else has. */
const NAMES =
  /\.(trash|unflushed|attempts\.jsonl|(damage|scrub|pins)\.json|lock|basis|changed)\b|\bgate\.log\b|\b(prune|drill)\.(json|tmp)\b|(^|\/)settings\.json\b/;

/** Ordinary words, which are names only as a step of a path. */
const STEPS = /(^|\/)(spool|incoming|accepted|inodes|manifests)(\/|$)/;

/** Calls whose arguments are steps of a path. */
const PATHS = new Set(['join', 'resolve']);

/**
 * Why a file may not contain a text.
 * @param from path of the file below the top of the repository
 * @param text a literal, a piece of a template, or the source of a regular expression
 * @param step whether it is an argument of a call that joins paths
 * @returns a message for its author, or undefined
 */
export function objectionToName(from, text, step = false) {
  if (SHARED.includes(from) || from.startsWith(STORE)) return undefined;
  if (/\s/.test(text)) return undefined; // a sentence for people
  const plain = text.replaceAll('\\', '');
  const entry = ENTRIES.exec(plain);
  if (entry !== null) return `${entry[0]} is a name on the secondary's disk: take it from ${SHARED.join(', ')}.`;
  if (!from.startsWith('remote-scripts/')) return undefined;
  const found = NAMES.exec(plain) ?? (step || plain.includes('/') ? STEPS.exec(plain) : null);
  return found === null ? undefined : `${found[0]} is a name on the secondary's disk: take it from ${STORE}.`;
}

/** The same as a rule for ESLint. Imports are paths of sources, and are not checked. */
export const diskNamesRule = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const from = relative(context.cwd, context.filename);
    const check = (node, text) => {
      const { parent } = node;
      if (/^(Import|Export)/.test(parent.type) || parent.type === 'TSLiteralType') return;
      const step = parent.type === 'CallExpression' && PATHS.has(parent.callee.name);
      const objection = objectionToName(from, text, step);
      if (objection !== undefined) context.report({ node, message: objection });
    };
    return {
      Literal: (node) => {
        if (node.regex !== undefined) check(node, node.regex.pattern);
        else if (typeof node.value === 'string') check(node, node.value);
      },
      TemplateElement: (node) => check(node, node.value.cooked ?? node.value.raw),
    };
  },
};
