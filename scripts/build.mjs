// Builds the programs: the controller into dist/, each program of the secondary into dist/remote/, and
// the manual into dist/man/.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleController, bundleSecondary } from './bundle.mjs';
import { writeManual } from './manual.mjs';
import { replaceBuild } from './replace-build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const ON_THE_SECONDARY = ['offsite-gate', 'offsite-prune', 'offsite-scrub', 'offsite-drill'];
// cli.js last: a build that was broken off is found out by its age.
const programs = [...ON_THE_SECONDARY.map((name) => `remote/${name}.mjs`), 'cli.js'];

const fresh = mkdtempSync(join(root, 'node_modules', '.offsite-build-'));
try {
  await bundleController(fresh, version);
  for (const name of ON_THE_SECONDARY) await bundleSecondary(name, join(fresh, 'remote'), version);
  await writeManual(join(fresh, 'man'), fresh, version);
  for (const program of programs) chmodSync(join(fresh, program), 0o755);
  replaceBuild(fresh, join(root, 'dist'), programs);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
