// Which Node builds and tests: the one that is running or, if that is too old, one that npm fetches into a cache. It is
// installed nowhere else. The scripts of package.json find it in node_modules/.bin, which npm puts first in PATH.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const wanted = fileURLToPath(new URL('node', import.meta.url)); // package.json and package-lock.json of the Node to fetch
const parse = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** The oldest Node that `engines` allows, such as `22.12`. */
export const OLDEST_NODE = parse(fileURLToPath(new URL('../package.json', import.meta.url))).engines.node.replace(
  /^>=/,
  '',
);

/** The package that contains Node for a machine, and its version; undefined if there is none. */
export function packageFor(arch = process.arch) {
  const name = `node-linux-${arch}`;
  const version = parse(join(wanted, 'package.json')).optionalDependencies[name];
  return version === undefined ? undefined : { name, version };
}

/**
 * Where it is kept. Not in the clone: root's clone is often in a directory that only root can enter, and demo and tests
 * start their gate as an account without rights.
 */
export function cacheDirectory(environment = process.env, uid = process.getuid?.()) {
  const base = uid === 0 ? '/var/cache' : environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache');
  return join(base, 'offsite-rsync');
}

/** Whether a Node such as `v20.1.0` is older than `oldest`, such as `22.12`. */
export function isTooOld(version, oldest = OLDEST_NODE) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  const [oldestMajor, oldestMinor = 0] = oldest.split('.').map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

/**
 * The Node to continue with, which is fetched if necessary.
 * @param running `version` and `execPath` of the running Node, and the cache
 * @param fetchInto called with an empty directory and the package; makes npm install the package there
 * @returns its path, and its version if it is ours (undefined: the running one is new enough)
 * @throws Error if there is none for this machine
 */
export function bringNode({ version, execPath, cache }, fetchInto = installPackage) {
  // It can be ours if set-up was started by `npm run`, which finds our link; by now a newer one may be needed.
  if (!isTooOld(version) && !execPath.startsWith(join(cache, '/'))) return { path: execPath };
  const package_ = packageFor();
  if (package_ === undefined) {
    throw new Error(
      `Node ${OLDEST_NODE} or newer is needed, and this is ${version}. npm has none for ${process.arch}.`,
    );
  }
  const path = join(cache, `node-${package_.version}`, 'node');
  if (!existsSync(path)) {
    mkdirSync(cache, { recursive: true });
    const unpacked = mkdtempSync(join(cache, '.new-'));
    try {
      fetchInto(unpacked, package_);
      const complete = join(unpacked, 'complete');
      mkdirSync(complete);
      renameSync(join(unpacked, 'node_modules', package_.name, 'bin', 'node'), join(complete, 'node'));
      for (const each of [join(complete, 'node'), complete, cache]) chmodSync(each, 0o755);
      if (!existsSync(path)) renameSync(complete, dirname(path)); // otherwise another set-up was faster
    } finally {
      rmSync(unpacked, { recursive: true, force: true });
    }
  }
  return { path, version: `v${package_.version}` };
}

/**
 * All that Node's npm package for a machine has, which is fetched if necessary: the program, and its licence.
 * @param arch as npm calls it; it need not be this machine's
 * @returns its name, its version and the directory
 * @throws Error if npm has none for it
 */
export function nodePackage(arch, cache = cacheDirectory()) {
  const package_ = packageFor(arch);
  if (package_ === undefined) throw new Error(`npm has no Node for ${arch}.`);
  const directory = join(cache, `package-${package_.name}-${package_.version}`);
  if (!existsSync(directory)) {
    mkdirSync(cache, { recursive: true });
    const unpacked = mkdtempSync(join(cache, '.new-'));
    try {
      installPackage(unpacked, package_, arch);
      renameSync(join(unpacked, 'node_modules', package_.name), directory);
    } finally {
      rmSync(unpacked, { recursive: true, force: true });
    }
  }
  return { ...package_, directory };
}

/**
 * Makes it the `node` of the scripts in package.json, because they and their children look in node_modules/.bin first.
 */
export function linkNode(root, path) {
  const bin = join(root, 'node_modules', '.bin');
  if (existsSync(join(bin, 'node')) && realpathSync(join(bin, 'node')) === realpathSync(path)) return;
  mkdirSync(bin, { recursive: true });
  const link = join(bin, `.node-${process.pid}`);
  symlinkSync(path, link);
  renameSync(link, join(bin, 'node'));
}

function installPackage(directory, _, arch = process.arch) {
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(wanted, name), join(directory, name));
  const other = arch === process.arch ? [] : ['--os=linux', `--cpu=${arch}`];
  const args = [
    'ci',
    ...other,
    '--include=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const { status, error } = spawnSync('npm', args, { cwd: directory, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
}
