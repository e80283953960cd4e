// How the programs are bundled, for the build and for tests that examine a bundle.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compiledSchemas } from './compile-schemas.mjs';
import { OLDEST_NODE } from './node.mjs';

const REQUIRE =
  "import { createRequire as bundleRequire } from 'node:module';\nconst require = bundleRequire(import.meta.url);";

/** Before anything else: what is bundled may not even load in an older node, and would say so with its whole text. */
function nodeCheck() {
  const [major, minor] = OLDEST_NODE.split('.');
  return `{
  const { versions, stderr, execPath } = process;
  const [major, minor] = versions.node.split('.').map(Number);
  if (major < ${major} || (major === ${major} && minor < ${minor})) {
    stderr.write(\`error: This needs Node.js ${OLDEST_NODE} or newer, and \${execPath} is \${versions.node}. Install a newer one as "node" (README.md, Installation).\\n\`);
    process.exit(2);
  }
}`;
}

// A locale with a name of fifty letters crashes node before our first line, and sshd lets clients choose one.
const ON_THE_SECONDARY = '-S -u NODE_OPTIONS LC_ALL=C node';
// What comes and goes with each of a million files would otherwise pile up to some 60 MB before node clears it away.
const WITH_LITTLE_MEMORY = `${ON_THE_SECONDARY} --max-semi-space-size=2 --optimize-for-size`;
// Programs that send alerts use the user's language: src/platform/locale.ts restores LC_ALL.
const ON_THE_PRIMARY = '-S OFFSITE_RSYNC_LC_ALL=${LC_ALL} LC_ALL=C node';

/** @param words how env(1) starts the program @param check what it begins with */
function optionsFor(version, words, check = nodeCheck()) {
  return {
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    bundle: true,
    platform: 'node',
    target: `node${OLDEST_NODE}`,
    format: 'esm',
    define: { 'globalThis.OFFSITE_RSYNC_VERSION': JSON.stringify(version) },
    banner: { js: `#!/usr/bin/env ${words}\n${REQUIRE}\n${check}` },
    minifyWhitespace: true, // half the bytes to parse at each start; names are kept for stack traces
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
  };
}

/**
 * Bundles the controller, split, so that a command loads only what it needs. Yields the files that went into it.
 * @param external packages that are installed beside it
 */
export async function bundleController(outdir, version, external = ['node-notifier']) {
  const plugins = [compiledSchemas()];
  const entry = { entryPoints: ['src/cli.ts'], outdir, splitting: true, external, metafile: true };
  const { metafile } = await build({ ...optionsFor(version, ON_THE_PRIMARY), ...entry, plugins });
  return { inputs: Object.keys(metafile.inputs) };
}

/**
 * Bundles a program of the secondary into files that need only node: the program and, in parts/, what only some of its
 * sessions load. The name of a part is a hash of what is in it, so versions can lie side by side and never mix.
 */
export async function bundleSecondary(name, outdir, version) {
  const program = `remote-scripts/${name}.ts`;
  const parts = { splitting: true, chunkNames: `parts/${name}-[hash]`, outExtension: { '.js': '.mjs' } };
  const entry = { entryPoints: [program], outdir, metafile: true, ...parts };
  const { metafile } = await build({
    ...(name === 'offsite-gate'
      ? optionsFor(version, ON_THE_SECONDARY, '') // it says everything in its own words, and an older node can load it
      : optionsFor(version, name === 'offsite-scrub' ? WITH_LITTLE_MEMORY : ON_THE_SECONDARY)),
    ...entry,
    plugins: [compiledSchemas()],
  });
  return {
    outputs: Object.keys(metafile.outputs),
    inputs: Object.keys(metafile.inputs),
    run: runAtStart(program, metafile.inputs),
    imports: Object.values(metafile.outputs).flatMap(({ imports }) =>
      imports.filter(({ external }) => external).map(({ path }) => path),
    ),
  };
}

/** What `program` imports by statements, directly or indirectly. */
function runAtStart(program, inputs) {
  const reached = new Set([program]);
  // The loop also reaches what is added meanwhile.
  for (const path of reached) {
    for (const { path: imported, kind } of inputs[path].imports) {
      if (kind === 'import-statement' && imported in inputs) reached.add(imported);
    }
  }
  return [...reached];
}
