// Builds the programs: the controller into dist/, each program of the secondary into dist/remote/, and
// the manual into dist/man/.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildInto, ROOT, STARTED } from './build-into.mjs';
import { replaceBuild } from './replace-build.mjs';

const fresh = mkdtempSync(join(ROOT, 'node_modules', '.offsite-build-'));
try {
  await buildInto(fresh);
  replaceBuild(fresh, join(ROOT, 'dist'), STARTED);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
