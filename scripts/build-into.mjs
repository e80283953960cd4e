// Builds everything that is installed, into a directory.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleController, bundleSecondary } from './bundle.mjs';
import { writeManual } from './manual.mjs';
import { noticesOf } from './notices.mjs';

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The version of what is built. */
export const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const ON_THE_SECONDARY = ['offsite-gate', 'offsite-prune', 'offsite-scrub', 'offsite-drill'];

/** What can be started, below the directory. cli.js last: a build that was broken off is found out by its age. */
export const STARTED = [...ON_THE_SECONDARY.map((name) => `remote/${name}.mjs`), 'cli.js'];

/**
 * The controller, the programs of the secondary in remote/, the manual in man/, and whose code is in them.
 * Yields the files that went into them.
 * @param directory empty, below the repository (the manual loads packages from there)
 * @param external packages that are installed beside the controller, and are not in it
 */
export async function buildInto(directory, version = VERSION, external = undefined) {
  const { inputs } = await bundleController(directory, version, external);
  const remote = [];
  for (const name of ON_THE_SECONDARY) {
    remote.push(...(await bundleSecondary(name, join(directory, 'remote'), version)).inputs);
  }
  await writeManual(join(directory, 'man'), directory, version);
  writeFileSync(join(directory, 'THIRD-PARTY-NOTICES'), noticesOf(ROOT, inputs));
  writeFileSync(join(directory, 'remote', 'THIRD-PARTY-NOTICES'), noticesOf(ROOT, remote));
  for (const program of STARTED) chmodSync(join(directory, program), 0o755);
  return { inputs: [...inputs, ...remote] };
}
