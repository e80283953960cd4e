/*
 * Makes what is handed out, into release/: the npm package of the controller, and an archive for a secondary, which needs only node,
 * rsync and sh. Two calls make the same bytes. `npm run release`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildInto, ROOT, VERSION } from './build-into.mjs';

const release = process.argv[2] ?? join(ROOT, 'release');
const work = mkdtempSync(join(ROOT, 'node_modules', '.offsite-release-'));
try {
  const built = join(work, 'built');
  mkdirSync(built);
  await buildInto(built);
  rmSync(release, { recursive: true, force: true });
  mkdirSync(release, { recursive: true });
  packController(join(work, 'package'), built);
  packSecondary(join(work, 'package'));
  const names = readdirSync(release).sort();
  writeFileSync(
    join(release, 'SHA256SUMS'),
    names.map((name) => `${digestOf(join(release, name))}  ${name}\n`).join(''),
  );
  process.stderr.write(`${[...names, 'SHA256SUMS'].map((name) => join(release, name)).join('\n')}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** The package as `npm install -g` takes it: what is bundled is no dependency of it. */
function packController(place, built) {
  mkdirSync(place);
  const description = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const name of [...description.files, 'README.md', 'LICENSE', 'package.json']) {
    if (name !== 'dist') cpSync(join(ROOT, name), join(place, name), { recursive: true });
  }
  cpSync(built, join(place, 'dist'), { recursive: true });
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', release], place);
}

/** By the command that everybody has who has the package, so that it writes the same bytes. */
function packSecondary(place) {
  const output = join(release, `offsite-rsync-secondary-${VERSION}.tar.gz`);
  run(process.execPath, [join(place, 'dist/cli.js'), 'secondary-bundle', '--output', output], place);
}

function digestOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function run(program, args, cwd) {
  const { status } = spawnSync(program, args, { cwd, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`);
}
