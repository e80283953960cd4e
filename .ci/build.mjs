// Bundles the programs: the controller into dist/ (split, so that a command loads only what it needs) and each
// program of the secondary into one file of its own that needs only node.
import { build } from 'esbuild';
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { compiledSchemas } from './compile-schemas.mjs';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const root = new URL('..', import.meta.url).pathname;

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  define: { 'globalThis.OFFSITE_RSYNC_VERSION': JSON.stringify(version) },
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as bundleRequire } from 'node:module';\nconst require = bundleRequire(import.meta.url);",
  },
  minifyWhitespace: true, // half the bytes to parse at each start; names stay, for stack traces
  minifySyntax: true,
  legalComments: 'none',
  plugins: [compiledSchemas()],
  logLevel: 'warning',
};

rmSync(`${root}/dist`, { recursive: true, force: true });
if (existsSync(`${root}/src/cli.ts`)) {
  await build({ ...common, entryPoints: ['src/cli.ts'], outdir: 'dist', splitting: true, external: ['node-notifier'] });
  chmodSync(`${root}/dist/cli.js`, 0o755);
}

for (const name of ['offsite-gate', 'offsite-prune']) {
  if (!existsSync(`${root}/remote-scripts/${name}.ts`)) continue;
  const outfile = `dist/remote/${name}.mjs`;
  await build({ ...common, entryPoints: [`remote-scripts/${name}.ts`], outfile });
  chmodSync(`${root}/${outfile}`, 0o755);
}
