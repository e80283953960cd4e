/*
 * Makes what is handed out, into release/: the npm package of the controller, an archive for a secondary, which needs only node,
 * rsync and sh, and Debian packages. Two calls make the same bytes. `npm run release`; docs/releasing.md says what is in each.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildInto, ROOT, VERSION } from './build-into.mjs';
import { hasDpkg, makeDeb } from './debian/deb.mjs';
import { layPrimary } from './debian/primary.mjs';
import { laySecondary } from './debian/secondary.mjs';
import { nodePackage } from './node.mjs';
import { noticesOf } from './notices.mjs';
import { sbomOf } from './sbom.mjs';

/** When everything in an archive was changed last, in seconds since 1970: long ago, and always then. */
const THEN = Number(process.env.SOURCE_DATE_EPOCH ?? Date.UTC(2000, 0) / 1000);

/** The packages with a Node of their own: what Debian and npm call that kind of machine. */
const WITH_NODE = { architecture: 'amd64', arch: 'x64' };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    version: { type: 'string', default: VERSION },
    quick: { type: 'boolean', default: false },
    'no-amd64': { type: 'boolean', default: false },
    'no-debian': { type: 'boolean', default: false },
  },
});
const { version } = options;
const release = resolve(positionals[0] ?? join(ROOT, 'release'));
const debian = !options['no-debian'] && hasDpkg();
const runtime = debian && !options['no-amd64'] ? runtimeFor(WITH_NODE) : undefined;
const work = mkdtempSync(join(ROOT, 'node_modules', '.offsite-release-'));
try {
  const built = join(work, 'built');
  const complete = join(work, 'complete');
  for (const directory of [built, complete]) mkdirSync(directory);
  await buildInto(built, version);
  const { inputs } = await buildInto(complete, version, []);
  rmSync(release, { recursive: true, force: true });
  mkdirSync(release, { recursive: true });
  packController(join(work, 'package'), built);
  packSecondary(join(work, 'package'));
  if (debian) packDebian(complete, inputs);
  const notices = [noticesOf(ROOT, inputs), ...(runtime === undefined ? [] : [runtime.notice])];
  writeFileSync(join(release, 'THIRD-PARTY-NOTICES'), notices.join('\n'));
  writeFileSync(join(release, `offsite-rsync-${version}.cdx.json`), sbomOf(ROOT, inputs, version, runtime));
  const names = readdirSync(release).sort();
  writeFileSync(
    join(release, 'SHA256SUMS'),
    names.map((name) => `${digestOf(join(release, name))}  ${name}\n`).join(''),
  );
  process.stderr.write(`${[...names, 'SHA256SUMS'].map((name) => join(release, name)).join('\n')}\n`);
  if (!debian && !options['no-debian']) {
    process.stderr.write(
      'The Debian packages (*.deb) were NOT made: there is no dpkg-deb here (package dpkg). To do without: npm run release -- --no-debian\n',
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** In Debian packages is all that the programs run with; Node only where there is a runtime. */
function packDebian(complete, inputs) {
  for (const node of runtime === undefined ? [undefined] : [undefined, runtime]) {
    for (const lay of [layPrimary, laySecondary]) {
      const tree = mkdtempSync(join(work, 'tree-'));
      const laid = lay(tree, { built: complete, inputs, version, then: THEN, runtime: node });
      makeDeb({ ...laid, quick: options.quick, directory: release });
      rmSync(tree, { recursive: true });
    }
  }
}

/** The Node that is put into packages, and its notice. */
function runtimeFor({ architecture, arch }) {
  const node = nodePackage(arch);
  const licence = readFileSync(join(node.directory, 'LICENSE'), 'utf8');
  const title = `${'-'.repeat(72)}\nNode.js ${node.version} (in the packages for ${architecture} alone)`;
  return { ...node, architecture, notice: `${title}\n\n${licence.trim()}\n` };
}

/** The package as `npm install -g` takes it: what is bundled is no dependency of it. */
function packController(place, built) {
  mkdirSync(place);
  const description = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const name of [...description.files, 'README.md', 'LICENSE', 'package.json']) {
    if (name !== 'dist') cpSync(join(ROOT, name), join(place, name), { recursive: true });
  }
  writeFileSync(join(place, 'package.json'), `${JSON.stringify({ ...description, version }, null, 2)}\n`);
  cpSync(built, join(place, 'dist'), { recursive: true });
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', release], place);
}

/** By the command that everybody has who has the package, so that it writes the same bytes. */
function packSecondary(place) {
  const output = join(release, `offsite-rsync-secondary-${version}.tar.gz`);
  run(process.execPath, [join(place, 'dist/cli.js'), 'secondary-bundle', '--output', output], place);
}

function digestOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function run(program, args, cwd) {
  const { status } = spawnSync(program, args, { cwd, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`);
}
