// Starts the benchmark: bundles it and copies the built programs into a directory of its own, so that a build beside a
// running benchmark does not pull them away under it.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledSchemas } from '../../scripts/compile-schemas.mjs';
import { OLDEST_NODE } from '../../scripts/node.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'offsite-bench-programs-'));
try {
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules')); // for the one external import
  cpSync(join(root, 'dist'), join(directory, 'dist'), { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['test/bench/bench.ts', 'test/bench/plan-once.ts'],
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: `node${OLDEST_NODE}`,
    format: 'esm',
    logLevel: 'warning',
  });
  await buildGateInOneFile(join(directory, 'one-file/offsite-gate.mjs'));
  const argv = [
    join(directory, 'bench.mjs'),
    join(directory, 'dist'),
    join(root, 'package.json'),
    ...process.argv.slice(2),
  ];
  process.exitCode = spawnSync(process.execPath, argv, { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** The gate in one file, to compare with the build that is installed (sections/gate-builds.ts). */
async function buildGateInOneFile(outfile) {
  const require = "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);";
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await build({
    absWorkingDir: root,
    entryPoints: ['remote-scripts/offsite-gate.ts'],
    bundle: true,
    platform: 'node',
    target: `node${OLDEST_NODE}`,
    format: 'esm',
    define: { 'globalThis.OFFSITE_RSYNC_VERSION': JSON.stringify(version) },
    banner: { js: require },
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [compiledSchemas()],
    outfile,
  });
}
