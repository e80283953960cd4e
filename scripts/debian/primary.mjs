// The Debian package of the primary.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, STARTED } from '../build-into.mjs';
import { noticesOf } from '../notices.mjs';
import { copyPrograms, dependencies, endPackage } from './common.mjs';
import { put, putCompressed } from './deb.mjs';

const NAME = 'offsite-rsync';
const LIB = 'usr/lib/offsite-rsync';
const DOC = `usr/share/doc/${NAME}`;

/** What is said on the primary; the pages of the secondary's programs come with those. */
const PAGES = ['man1/offsite-rsync.1', 'man5/offsite-rsync.yaml.5'];

/** Where each shell looks for what packages bring. */
const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/offsite-rsync',
  zsh: 'usr/share/zsh/vendor-completions/_offsite-rsync',
  fish: 'usr/share/fish/vendor_completions.d/offsite-rsync.fish',
};

const DESCRIPTION = `proves that every finished backup arrived off-site
 Takes every finished local backup (dumps of databases, snapshots of files) off
 the machine it protects, over rsync and ssh, and proves that it arrived: both
 sides are read in full and compared. Says so when any of that did not happen.
 .
 This package is for the machine that makes backups. The machine that keeps them
 has offsite-rsync-secondary, or a plain rrsync.`;

/**
 * Lays out the package of the primary.
 * @param built what was built for Debian packages
 * @param inputs the files that went into it, as esbuild names them
 * @param version of offsite-rsync
 * @param then the time of the release, in seconds since 1970
 * @param runtime the Node that is to be in it; undefined: the package depends on one
 * @returns what {@link import('./deb.mjs').makeDeb} takes besides the directory
 */
export function layPrimary(tree, { built, inputs, version, then, runtime }) {
  copyPrograms(built, join(tree, LIB), STARTED);
  put(tree, `${LIB}/package.json`, `${JSON.stringify({ name: NAME, version, type: 'module' })}\n`);
  mkdirSync(join(tree, 'usr/bin'));
  symlinkSync('../lib/offsite-rsync/cli.js', join(tree, 'usr/bin/offsite-rsync'));
  for (const page of PAGES) putCompressed(tree, `usr/share/man/${page}`, readFileSync(join(built, 'man', page)));
  for (const [shell, path] of Object.entries(COMPLETIONS)) put(tree, path, completionOf(shell, built));
  put(tree, `${DOC}/examples/config.example.yaml`, readFileSync(join(ROOT, 'config.example.yaml')));
  put(tree, `${DOC}/examples/config.schema.json`, readFileSync(join(ROOT, 'config.schema.json')));
  put(tree, `${DOC}/README.md`, readFileSync(join(ROOT, 'README.md')));
  cpSync(join(ROOT, 'docs'), join(tree, DOC, 'docs'), { recursive: true });
  return endPackage(
    { tree, name: NAME, lib: LIB, programs: STARTED, parts: `/${LIB}` },
    { version, then, runtime, notices: noticesOf(ROOT, inputs) },
    {
      Depends: dependencies(runtime, ['rsync (>= 3.5.0)', 'openssh-client']),
      Suggests: 'libnotify-bin, bzip2, unzip, xz-utils, zstd',
      Description: DESCRIPTION,
    },
  );
}

function completionOf(shell, built) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(built, 'cli.js'), 'completion', shell]);
  if (status !== 0) throw new Error(`completion ${shell}: ${stderr}`);
  return stdout;
}
