// For esbuild: compiles the JSON Schemas of the config and state files while the programs are built. Each `validator.ts` is
// replaced by the code that its schemas compile to; the compiler itself does not get into a bundle.
import { build } from 'esbuild';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const settings = fileURLToPath(new URL('../src/settings', import.meta.url));

/** Checks of formats are not copied into the code; it calls the same ones as the sources. */
const FORMATS = 'FORMATS';

/** The plugin, for every build of a program that reads a config file. */
export function compiledSchemas() {
  return {
    name: 'compiled-schemas',
    setup({ onLoad }) {
      onLoad({ filter: /\/validator\.ts$/ }, async ({ path }) => ({
        contents: `import { FORMATS as ${FORMATS} } from '${settings}/formats.ts';\n${await compiled(path)}`,
        loader: 'js',
        resolveDir: dirname(path),
      }));
    },
  };
}

/** The code of a module with the exports of `path`, each of which is a result of `compileSchema`. */
async function compiled(path) {
  // Bundled into one file, because the parts of ajv recognise each other by their classes, and node does not read
  // TypeScript.
  const { outputFiles } = await build({
    stdin: { contents: standaloneModule(path), resolveDir: dirname(path) },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  const { code } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  return code;
}

function standaloneModule(path) {
  return `
    import { _ } from 'ajv';
    import standalone from 'ajv/dist/standalone/index.js';
    import { createCompiler } from '${settings}/schema-compiler.ts';
    import * as validators from '${path}';
    ${withoutDescriptions.toString()}
    const compiler = createCompiler({ source: true, esm: true, formats: _\`${FORMATS}\` });
    for (const [name, { schema }] of Object.entries(validators)) compiler.addSchema(withoutDescriptions(schema), name);
    export const code = standalone(compiler, Object.fromEntries(Object.keys(validators).map((name) => [name, name])));`;
}

/**
 * Descriptions are for editors, and every start of a program would parse them. A key of that name would not be text.
 */
function withoutDescriptions(schema) {
  return JSON.parse(
    JSON.stringify(schema, (key, value) => (key === 'description' && typeof value === 'string' ? undefined : value)),
  );
}
