import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Upstream's source of this version cannot be fetched at the moment; the message says why. */
class NotToBeHad extends Error {
  override readonly name = 'NotToBeHad';
}

/** The release that Debian patches; 3.5.1 has the patches itself. */
const VERSION = '3.5.0';
/** Debian's releases that have it, for a machine with another one; the machine's own archives are used. */
const SUITES = ['bookworm-security', 'trixie', 'trixie-security'] as const;

/**
 * Builds upstream's rsync 3.5.0 from Debian's source package, without Debian's patches. Nothing is installed, and apt's
 * own lists are left alone.
 * @param directory empty; belongs to the test
 * @returns path of the program
 * @throws NotToBeHad when no archive has the source; Error when it cannot be built
 */
function buildUpstreamRsync(directory: string): string {
  const tarball = fetchSource(directory);
  const source = join(directory, 'source');
  mkdirSync(source);
  must(run('tar', ['-xJf', tarball, '-C', source, '--strip-components=1']));
  const without = ['lz4', 'zstd', 'xxhash', 'openssl', 'md2man'].map((part) => `--disable-${part}`);
  // Debian's source package is without popt and zlib, but configure needs something there (debian/rules).
  for (const name of ['popt', 'zlib']) {
    mkdirSync(join(source, name), { recursive: true });
    writeFileSync(join(source, name, 'dummy.in'), '');
  }
  must(run('./configure.sh', ['-q', ...without, '--with-included-popt=no', '--with-included-zlib=no'], source));
  must(run('make', ['-j2', 'rsync'], source));
  return join(source, 'rsync');
}

/** As above if it may be missing: the path, or why there is none. */
export function upstreamRsync(directory: string): { readonly rsync?: string; readonly why: string } {
  try {
    return { rsync: buildUpstreamRsync(directory), why: '' };
  } catch (error) {
    if (error instanceof NotToBeHad) return { why: error.message };
    throw error;
  }
}

/** Fetches what apt calls the tar of the source package: upstream's files, verified by Debian's signature. */
function fetchSource(directory: string): string {
  const own = (name: string) => join(directory, name);
  for (const name of ['lists/partial', 'cache/archives/partial', 'download']) mkdirSync(own(name), { recursive: true });
  const archives = new Set(
    run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Origin: Debian']).said.split('\n'),
  );
  archives.delete('');
  // apt skips a suite that an archive does not have, and its exit code says so.
  const lines = [...archives].flatMap((uri) => SUITES.map((suite) => `deb-src ${uri} ${suite} main\n`));
  writeFileSync(own('sources.list'), lines.join(''));
  const settings = [
    ['Dir::Etc::sourcelist', own('sources.list')],
    ['Dir::Etc::sourceparts', '/dev/null'],
    ['Dir::State::lists', own('lists')],
    ['Dir::Cache', own('cache')],
    ['APT::Sandbox::User', 'root'], // apt's own account may not write to this directory
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const said = [run('apt-get', [...settings, 'update']).said];
  const known = run('apt-cache', [...settings, 'showsrc', 'rsync']).said;
  for (const [, version = ''] of known.matchAll(/^Version: (.*)$/gm)) {
    if (!version.startsWith(`${VERSION}+`) && !version.startsWith(`${VERSION}-`)) continue;
    said.push(run('apt-get', [...settings, 'source', '--tar-only', `rsync=${version}`], own('download')).said);
    const tarball = readdirSync(own('download')).find((name) => name.includes('.orig.tar.'));
    if (tarball !== undefined) return join(own('download'), tarball);
  }
  throw new NotToBeHad(`no archive gives the source of rsync ${VERSION}: ${said.join('\n').slice(-1000)}`);
}

interface Ran {
  readonly status: number | null;
  readonly said: string;
}

function run(program: string, args: readonly string[], cwd?: string): Ran {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd, maxBuffer: 256 * 1024 * 1024 });
  return { status, said: `${stdout}${stderr}` };
}

function must({ status, said }: Ran): void {
  if (status !== 0) throw new Error(`upstream's rsync cannot be built: ${said.slice(-2000)}`);
}
