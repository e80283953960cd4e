// Builds the programs: the controller into dist/, and each program of the secondary into dist/remote/.
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleController, bundleSecondary } from './bundle.mjs';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const dist = fileURLToPath(new URL('../dist', import.meta.url));

rmSync(dist, { recursive: true, force: true });
await bundleController(dist, version);
chmodSync(`${dist}/cli.js`, 0o755);
for (const name of ['offsite-gate', 'offsite-prune']) {
  const outfile = `${dist}/remote/${name}.mjs`;
  await bundleSecondary(name, outfile, version);
  chmodSync(outfile, 0o755);
}
