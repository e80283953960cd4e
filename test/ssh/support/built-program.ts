import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The built program, as it is shipped. */
    cli: string;
    /** The built programs of the secondary, with their parts beside them. */
    gate: string;
    prune: string;
    scrub: string;
    drill: string;
    /** The version that all of them report. */
    version: string;
  }
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Builds only if the build is older than its sources; `npm test` has already built. */
const BUILD_AND_COPY = `
if [ ! -e dist/cli.js ] || [ -n "$(find scripts src remote-scripts package.json -newer dist/cli.js -print -quit)" ]; then
  "$0" scripts/build.mjs
fi
cp -a dist/. "$1"
cp -a dist/remote/. "$2"
mkdir "$2/scrub"
mv "$2/offsite-scrub.mjs" "$2/scrub"
cp -a "$2/parts" "$2/scrub"
chmod 0755 "$2" "$2/scrub"`;

/**
 * Gives the tests a copy of the built program, because a build during a test must not remove the program that it uses.
 * The copy is in node_modules, where its one external import is found; the programs of the secondary are where its
 * accounts can read them. The scrub is not beside the gate, which would start it after each seal: it would go on while a test
 * already removes what it works on. Tests that want it have a copy of all.
 */
export default function setup(project: TestProject): () => void {
  // Read at each start of node, 50 ms each time. Tests that speak TLS bring certificates of their own.
  delete process.env.NODE_EXTRA_CA_CERTS;
  const copy = mkdtempSync(join(root, 'node_modules', '.offsite-dist-'));
  const remote = mkdtempSync(join(tmpdir(), 'offsite-remote-'));
  const lock = join(root, 'node_modules', '.offsite-build.lock');
  const { status, stderr } = spawnSync('flock', [lock, 'sh', '-ec', BUILD_AND_COPY, process.execPath, copy, remote], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The program could not be built: ${stderr}`);
  project.provide('cli', join(copy, 'cli.js'));
  project.provide('gate', join(remote, 'offsite-gate.mjs'));
  project.provide('prune', join(remote, 'offsite-prune.mjs'));
  project.provide('scrub', join(remote, 'scrub', 'offsite-scrub.mjs'));
  project.provide('drill', join(remote, 'offsite-drill.mjs'));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  project.provide('version', version);
  return () => {
    for (const directory of [copy, remote]) rmSync(directory, { recursive: true, force: true });
  };
}
