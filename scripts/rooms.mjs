import { relative, resolve } from 'node:path';

/**
 * The rooms of the house (docs/architecture.md), and what each may import besides itself. A room that is not in the
 * table, or not in the row of the room that imports it, may not be imported. `pure`: no files, processes or network,
 * and only types from rooms that are not pure.
 */
export const ROOMS = {
  'src/shared': { may: [], pure: true },
  'src/platform': { may: ['src/shared'] },
  'src/settings': { may: ['src/shared'], pure: true },
  'src/notify': { may: ['src/settings', 'src/platform', 'src/shared'] },
  'src/manifests': { may: ['src/shared'] },
  'src/dumps': { may: ['src/platform', 'src/shared'] },
  'src/config': { may: ['src/settings', 'src/notify', 'src/platform', 'src/shared'] },
  'src/state': { may: ['src/settings', 'src/platform', 'src/shared'] },
  'src/rsync': { may: ['src/platform', 'src/shared'], pure: true },
  'src/ssh': { may: ['src/platform', 'src/shared'] },
  'src/insight': { may: ['src/config', 'src/state', 'src/platform', 'src/shared'] },
  'src/systemd': { may: ['src/notify', 'src/config', 'src/state', 'src/platform', 'src/shared'] },
  'src/verify': { may: ['src/rsync', 'src/state', 'src/platform', 'src/shared'] },
  'src/run': {
    may: [
      ...['src/verify', 'src/rsync', 'src/ssh', 'src/dumps', 'src/notify', 'src/insight'],
      ...['src/config', 'src/state', 'src/platform', 'src/shared'],
    ],
  },
  'src/read': {
    may: ['src/run', 'src/rsync', 'src/ssh', 'src/config', 'src/platform', 'src/shared'],
  },
  'src/restore': { may: ['src/read', 'src/run', 'src/manifests', 'src/rsync', 'src/platform', 'src/shared'] },
  'src/demo': { may: ['src/state', 'src/platform', 'src/shared'] },
  'src/bundle': { may: ['src/platform', 'src/shared'] },
  'src/commands': {
    may: [
      ...[
        'src/bundle',
        'src/demo',
        'src/run',
        'src/restore',
        'src/read',
        'src/verify',
        'src/rsync',
        'src/notify',
        'src/insight',
      ],
      ...['src/systemd', 'src/config', 'src/state', 'src/platform', 'src/shared'],
    ],
  },
  'src/program': { may: ['src/commands', 'src/config', 'src/shared'] },
  'src/cli.ts': { may: ['src/program', 'src/commands', 'src/platform', 'src/shared'] },
  'remote-scripts/config': {
    may: ['remote-scripts/retention', 'src/settings', 'src/notify', 'src/platform', 'src/shared'],
  },
  'remote-scripts/retention': { may: ['src/shared'], pure: true },
  'remote-scripts/store': { may: ['src/platform', 'src/shared'] },
  'remote-scripts/program': {
    may: ['remote-scripts/store', 'remote-scripts/config', 'src/platform', 'src/shared'],
  },
  'remote-scripts/telling': { may: ['remote-scripts/config', 'src/notify', 'src/platform', 'src/shared'] },
  'remote-scripts/gate': {
    may: ['remote-scripts/store', 'remote-scripts/config', 'src/settings', 'src/platform', 'src/shared'],
  },
  'remote-scripts/prune': {
    may: [
      ...['remote-scripts/program', 'remote-scripts/telling', 'remote-scripts/store', 'remote-scripts/retention'],
      ...['remote-scripts/config', 'src/rsync', 'src/notify', 'src/platform', 'src/shared'],
    ],
  },
  'remote-scripts/scrub': {
    may: [
      ...['remote-scripts/program', 'remote-scripts/telling', 'remote-scripts/store', 'remote-scripts/config'],
      ...['src/manifests', 'src/rsync', 'src/notify', 'src/platform', 'src/shared'],
    ],
  },
  'remote-scripts/drill': {
    may: [
      ...['remote-scripts/program', 'remote-scripts/store', 'remote-scripts/config'],
      ...['src/dumps', 'src/rsync', 'src/platform', 'src/shared'],
    ],
  },
  'remote-scripts/offsite-gate.ts': {
    may: ['remote-scripts/gate', 'remote-scripts/config', 'src/platform', 'src/shared'],
  },
  'remote-scripts/commands': {
    may: [
      ...['remote-scripts/prune', 'remote-scripts/scrub', 'remote-scripts/drill', 'remote-scripts/program'],
      ...['remote-scripts/config', 'src/platform', 'src/shared'],
    ],
  },
  'remote-scripts/offsite-scrub.ts': { may: ['remote-scripts/commands', 'remote-scripts/program'] },
  'remote-scripts/offsite-drill.ts': { may: ['remote-scripts/commands', 'remote-scripts/program'] },
  'remote-scripts/offsite-prune.ts': { may: ['remote-scripts/commands', 'remote-scripts/program'] },
};

/** Modules of Node through which a program touches the world. */
const WORLD = /^(node:)?(fs|child_process|net|http|https|http2|tls|dgram|dns|cluster|worker_threads)(\/|$)/;

/**
 * @returns the room of a file, from its path below the top of the repository: `src/run`, or the file itself if it is in
 * no room
 */
export function roomOf(path) {
  const [base, name] = path.split('/');
  return base === 'src' || base === 'remote-scripts' ? `${base}/${name}` : undefined;
}

/**
 * Why a file may not import something.
 * @param from path of the file below the top of the repository
 * @param specifier as it is written
 * @param typeOnly whether the import leaves nothing in the program
 * @returns a message for the author, or undefined
 */
export function objectionTo(from, specifier, typeOnly) {
  const room = roomOf(from);
  if (room === undefined) return undefined;
  const row = ROOMS[room];
  if (row === undefined) return `${room} has no row in scripts/rooms.mjs: say what it may import.`;
  if (!specifier.startsWith('.')) {
    return row.pure && WORLD.test(specifier) ? `${room} is pure: ${specifier} is for rooms that are not.` : undefined;
  }
  const target = roomOf(relative('/', resolve('/', from, '..', specifier)));
  if (target === room) return undefined;
  if (target === undefined || !row.may.includes(target)) {
    return `${room} may not import ${target ?? specifier} (scripts/rooms.mjs, docs/architecture.md).`;
  }
  return row.pure && !ROOMS[target].pure && !typeOnly
    ? `${room} is pure: of ${target} it may import types only.`
    : undefined;
}

/** The table as a rule for ESLint; dynamic imports count too. */
export const roomsRule = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const from = relative(context.cwd, context.filename);
    const check = (node, source, typeOnly = false) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') {
        context.report({
          node,
          message: 'What a dynamic import loads must be written out: nobody can see otherwise where it leads.',
        });
        return;
      }
      const objection = objectionTo(from, source.value, typeOnly);
      if (objection !== undefined) context.report({ node: source, message: objection });
    };
    const named = (node) =>
      node.importKind === 'type' ||
      node.exportKind === 'type' ||
      (node.specifiers?.length > 0 &&
        node.specifiers.every((each) => each.importKind === 'type' || each.exportKind === 'type'));
    return {
      ImportDeclaration: (node) => check(node, node.source, named(node)),
      ExportAllDeclaration: (node) => check(node, node.source, named(node)),
      ExportNamedDeclaration: (node) => {
        if (node.source !== null) check(node, node.source, named(node));
      },
      ImportExpression: (node) => check(node, node.source),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal, true),
    };
  },
};
