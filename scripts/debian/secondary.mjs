// The Debian package of the secondary.
import { mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ROOT, STARTED } from '../build-into.mjs';
import { copyPrograms, dependencies, endPackage } from './common.mjs';
import { put, putCompressed } from './deb.mjs';

const NAME = 'offsite-rsync-secondary';
const LIB = 'usr/lib/offsite-rsync-secondary';
const DOC = `usr/share/doc/${NAME}`;
const EXAMPLE = 'secondary.example.yaml';

const DESCRIPTION = `keeps the snapshots of offsite-rsync, append-only
 The gate lets the key of a primary add snapshots, and neither change nor delete
 one. Timers remove snapshots by this machine's own policy, prove that what is
 stored is what was sealed, try out whether it can be used, and tell people
 when a snapshot is missing.
 .
 Installing it starts nothing and lets nobody in. For each primary, type
 offsite-secondary add-host.`;

/**
 * Lays out the package of the secondary.
 * @param release as for the primary
 * @returns as for the primary
 */
export function laySecondary(tree, { built, version, then, runtime }) {
  const programs = STARTED.flatMap((path) => (dirname(path) === 'remote' ? [basename(path)] : []));
  copyPrograms(join(built, 'remote'), join(tree, LIB), programs);
  mkdirSync(join(tree, 'usr/bin'));
  for (const program of programs)
    symlinkSync(`../lib/${NAME}/${program}`, join(tree, 'usr/bin', program.replace('.mjs', '')));
  put(tree, 'usr/bin/offsite-secondary', ours('offsite-secondary'), 0o755);
  for (const unit of readdirSync(join(ROOT, 'remote-scripts/systemd'))) {
    put(tree, `usr/lib/systemd/system/${unit}`, inPlace(ours(`systemd/${unit}`)));
  }
  const pages = readdirSync(join(built, 'man/man8')).map((page) => `man8/${page}`);
  for (const page of ['man5/offsite-rsync-secondary.yaml.5', ...pages])
    putCompressed(tree, `usr/share/man/${page}`, inPlace(readFileSync(join(built, 'man', page), 'utf8')));
  put(tree, `${DOC}/examples/${EXAMPLE}`, ours(EXAMPLE));
  for (const page of ['operations.md', 'security.md', 'restore.md'])
    put(tree, `${DOC}/docs/${page}`, readFileSync(join(ROOT, 'docs', page)));
  mkdirSync(join(tree, 'etc/offsite-rsync'), { recursive: true });
  symlinkSync(`/${DOC}/examples/${EXAMPLE}`, join(tree, 'etc/offsite-rsync', EXAMPLE));
  return endPackage(
    { tree, name: NAME, lib: LIB, programs, parts: `/${LIB}/parts` },
    { version, then, runtime, notices: readFileSync(join(built, 'remote/THIRD-PARTY-NOTICES'), 'utf8') },
    {
      Depends: dependencies(runtime, ['rsync (>= 3.5.0)', 'openssh-server', 'passwd', 'python3']),
      Suggests: 'bzip2, unzip, xz-utils, zstd',
      Description: DESCRIPTION,
    },
  );
}

/** Names the programs where the package has them. */
function inPlace(text) {
  return text.replaceAll('/usr/local/bin/', '/usr/bin/');
}

function ours(name) {
  return readFileSync(join(ROOT, 'remote-scripts', name), 'utf8');
}
