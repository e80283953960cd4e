// Sets up everything that `npm test` and `npm run demo` need, on a Debian with only npm and any Node from 18 on:
// Debian's packages (as root; other users get the line to type), Node if the machine's is too old, the npm
// dependencies, and the build. What is done already is not repeated.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OLDEST_NODE, bringNode, cacheDirectory, linkNode } from './node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Programs that must be there, and the Debian package of each. */
const PROGRAMS = [
  ['rsync', 'rsync'],
  ['rrsync', 'rsync'],
  ['ssh', 'openssh-client'],
  ['sshd', 'openssh-server'],
  ['python3', 'python3'],
  ['flock', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['systemd-analyze', 'systemd'],
  ['man', 'man-db'],
  ['groff', 'groff-base'],
];

function installed(program) {
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  return path.split(':').some((directory) => directory !== '' && existsSync(join(directory, program)));
}

function run(program, args, environment = {}) {
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', 2, 2], // set-up writes to standard error; standard output belongs to what comes after
    env: { ...process.env, ...environment },
  });
  if (status !== 0) fail(`${program} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

function debianPackages() {
  const missing = [...new Set(PROGRAMS.filter(([program]) => !installed(program)).map(([, name]) => name))];
  if (missing.length === 0) return;
  const line = `apt-get install --yes --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !installed('apt-get')) {
    fail(`These are missing here: ${missing.join(', ')}. As root, type:\n\n  apt-get update && ${line}\n`);
  }
  console.error(`Installing Debian packages: ${missing.join(', ')}`);
  run('apt-get', ['update', '--quiet=2']);
  run('apt-get', line.split(' ').slice(1).concat('--quiet=2'), { DEBIAN_FRONTEND: 'noninteractive' });
}

/** Runs `work`, unless `inputs` hash to the same value as last time and `product` exists. */
function unlessDone(name, product, inputs, work) {
  const stamp = join(root, 'node_modules', `.offsite-${name}`);
  const hash = createHash('sha256').update(version);
  for (const file of inputs) hash.update(file).update(readFileSync(join(root, file)));
  const digest = hash.digest('hex');
  const before = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (before === digest && existsSync(join(root, product))) return;
  work();
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stamp, digest);
}

function sources(...folders) {
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length)),
    )
    .sort();
}

/** The Node to continue with. If it is ours, says so. */
function node() {
  const running = { version: process.version, execPath: process.execPath, cache: cacheDirectory() };
  try {
    const brought = bringNode(running);
    if (brought.version !== undefined && brought.path !== process.execPath) {
      console.error(`Node here is ${process.version}, older than ${OLDEST_NODE}.`);
      console.error(`Build, tests and demo take ${brought.path}`);
      console.error(`For the built programs, as root: install -m 0755 ${brought.path} /usr/local/bin/node`);
    }
    return brought;
  } catch (error) {
    return fail(error.message);
  }
}

debianPackages();
const { path: program, version = process.version } = node();
// npm starts everything by the name `node`, and so do programs with `env node` in their first line.
const environment = { PATH: [dirname(program), process.env.PATH].join(delimiter) };
unlessDone('dependencies', 'node_modules/.package-lock.json', ['package.json', 'package-lock.json'], () => {
  console.error('Installing npm dependencies …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], environment);
});
if (program.startsWith(join(cacheDirectory(), '/'))) linkNode(root, program); // after npm ci, which empties node_modules
const BUILD = [
  'package.json',
  ...['build', 'bundle', 'compile-schemas', 'manual'].map((name) => `scripts/${name}.mjs`),
];
unlessDone('build', 'dist/cli.js', [...BUILD, ...sources('src', 'remote-scripts', 'scripts/manual')], () => {
  console.error('Building …');
  run(program, ['scripts/build.mjs'], environment);
});
