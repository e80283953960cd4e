// What every Debian package of ours has.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../build-into.mjs';
import { OLDEST_NODE } from '../node.mjs';
import { debianVersion, maintainer, put, putCompressed } from './deb.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** What runs the programs where the package has no Node of its own. offsite-node: what people package themselves. */
const NODE = `nodejs (>= ${OLDEST_NODE}) | offsite-node`;

/** What the Node that we fetch is linked with; a test compares. */
const LIBRARIES = ['libc6 (>= 2.28)', 'libgcc-s1 (>= 3.4)', 'libstdc++6 (>= 5.2)'];

/**
 * Copies programs with their parts. A part is never started, so it has no first line for that.
 * @param programs which of them are started, below `from`
 */
export function copyPrograms(from, to, programs) {
  const names = readdirSync(from, { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((each) => /\.m?js$/.test(each))) {
    const text = readFileSync(join(from, name), 'utf8');
    const started = programs.includes(name);
    put(to, name, started ? text : text.replace(/^#!.*\n/, ''), started ? 0o755 : 0o644);
  }
}

/**
 * Lays what every package ends with: the directory for secrets, a Node of its own, its papers and scripts.
 * @param laid the tree, and where what lies in it
 * @param release see layPrimary; with the notices of what is bundled
 * @param fields of its control file, besides those that all have
 * @returns what {@link import('./deb.mjs').makeDeb} takes besides the directory
 */
export function endPackage({ tree, name, lib, programs, parts }, { version, then, runtime, notices }, fields) {
  putCredentials(tree);
  if (runtime !== undefined) putRuntime(tree, lib, programs, runtime);
  putPapers(tree, { name, version, notices, then, runtime });
  return {
    tree,
    then,
    fields: { ...commonFields(name, version, runtime), ...fields },
    scripts: maintainerScripts(name, parts),
  };
}

/** Makes the directory for secrets, empty: it is closed before there is one in it. `offsite-rsync init` and people fill it. */
function putCredentials(tree) {
  const credentials = join(tree, 'etc/offsite-rsync/credentials');
  mkdirSync(credentials, { recursive: true });
  chmodSync(credentials, 0o700);
}

/** The fields that are the same in all. */
function commonFields(name, version, runtime) {
  return {
    Package: name,
    Version: debianVersion(version),
    Architecture: runtime === undefined ? 'all' : runtime.architecture,
    Section: 'admin',
    Priority: 'optional',
  };
}

/** Its field Depends. */
export function dependencies(runtime, others) {
  return [...(runtime === undefined ? [NODE] : LIBRARIES), ...others].join(', ');
}

/**
 * Puts Node beside the programs, with the very bytes that its project publishes, and lets them start with it. How they clear
 * their environment beforehand stays as it is.
 * @param runtime the directory of Node's npm package
 */
function putRuntime(tree, lib, programs, { directory }) {
  copyFileSync(join(directory, 'bin/node'), join(tree, lib, 'node'));
  chmodSync(join(tree, lib, 'node'), 0o755);
  for (const program of programs) {
    const path = join(lib, program);
    const before = readFileSync(join(tree, path), 'utf8');
    const after = before.replace(/^(#!\/usr\/bin\/env -S .*) node(?=[ \n])/, `$1 /${lib}/node`);
    if (after === before) throw new Error(`the first line of ${program} starts no node`);
    put(tree, path, after, 0o755);
  }
}

/**
 * The scripts of the maintainer: those beside this file are of all packages, those below the name of the package come
 * after them.
 * @param parts the directory with what the programs load later
 */
function maintainerScripts(name, parts) {
  const texts = ['preinst', 'postinst', 'prerm', 'postrm'].map((script) => {
    const [common = '', own = ''] = [join(HERE, script), join(HERE, name, script)].map((file) =>
      existsSync(file) ? readFileSync(file, 'utf8').replaceAll('@PARTS@', parts) : undefined,
    );
    return [script, `#!/bin/sh\nset -e\n${common}${own}`];
  });
  return Object.fromEntries(texts);
}

/**
 * Whose it is, what has changed, and why lintian objects to what it objects to.
 * @param notices of what is bundled
 * @param then the time of the release, in seconds since 1970
 */
function putPapers(tree, { name, version, notices, then, runtime }) {
  const doc = `usr/share/doc/${name}`;
  const licences = [readFileSync(join(ROOT, 'LICENSE'), 'utf8'), notices];
  if (runtime !== undefined) licences.push(runtime.notice);
  put(tree, `${doc}/copyright`, `${licences.map((text) => text.trim()).join(`\n\n${'='.repeat(72)}\n\n`)}\n`);
  put(tree, `${doc}/CHANGELOG.md`, readFileSync(join(ROOT, 'CHANGELOG.md')));
  const date = new Date(then * 1000).toUTCString().replace('GMT', '+0000');
  putCompressed(
    tree,
    `${doc}/changelog`,
    `${name} (${debianVersion(version)}) unstable; urgency=medium\n\n` +
      `  * What has changed stands in CHANGELOG.md.\n\n -- ${maintainer()}  ${date}\n`,
  );
  const overrides = ['lintian-overrides', ...(runtime === undefined ? [] : ['lintian-overrides.runtime'])].map((file) =>
    readFileSync(join(HERE, file), 'utf8').replaceAll('@NAME@', name),
  );
  put(tree, `usr/share/lintian/overrides/${name}`, overrides.join(''));
}
