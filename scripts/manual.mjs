// Writes the pages of the manual, from what declares commands and options, for the build.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { OLDEST_NODE } from './node.mjs';

/**
 * Writes the manual into `directory`, as man(1) looks for it: man1/, man5/, man8/.
 * @param scratch a directory below node_modules, where what is bundled finds its libraries
 */
export async function writeManual(directory, scratch, version) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const bundle = join(scratch, 'manual-pages.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['scripts/manual/pages.ts'],
    outfile: bundle,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: `node${OLDEST_NODE}`,
    format: 'esm',
    define: { 'globalThis.OFFSITE_RSYNC_VERSION': JSON.stringify(version) },
    logLevel: 'warning',
  });
  const { manualPages } = await import(pathToFileURL(bundle).href);
  const helpOfSecondary = execFileSync(join(root, 'remote-scripts/offsite-secondary'), ['--help'], {
    encoding: 'utf8',
  });
  for (const { path, text } of manualPages(helpOfSecondary)) {
    mkdirSync(join(directory, dirname(path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  rmSync(bundle);
}
