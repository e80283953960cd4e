// For esbuild: what a program imports only while it runs is bundled by itself and carried as text. Node then reads it as
// code when it comes to that, and not at each start: nine tenths of the gate serve sessions that find its settings changed.
import { build } from 'esbuild';
import { basename, join } from 'node:path';

const NAME = 'cold-modules';

/** Where the text is code: a data: URL, from which only node's own modules can be imported. */
const REQUIRE = "import { createRequire as bundleRequire } from 'node:module';\nconst require = bundleRequire('/');";

/** Whether an input in a metafile is a text, and no code. */
export function isCold(path) {
  return path.startsWith(`${NAME}:`);
}

/**
 * The plugin, for a program that is one file.
 * @param onBundled called with esbuild's metafile of each text
 */
export function coldModules(onBundled) {
  return {
    name: NAME,
    setup({ initialOptions, onResolve, onLoad }) {
      onResolve({ filter: /^\.\.?\// }, ({ kind, path, resolveDir }) =>
        kind === 'dynamic-import' ? { path: join(resolveDir, path), namespace: NAME } : undefined,
      );
      onLoad({ filter: /./, namespace: NAME }, async ({ path }) => {
        const { outputFiles, metafile } = await build({
          ...initialOptions,
          entryPoints: [path],
          outfile: basename(path),
          write: false,
          metafile: true,
          banner: { js: REQUIRE },
          footer: { js: `//# sourceURL=${basename(path, '.ts')}.mjs` }, // for stack traces
          plugins: initialOptions.plugins.filter(({ name }) => name !== NAME),
        });
        onBundled(metafile);
        const [{ exports }] = Object.values(metafile.outputs);
        return { contents: moduleOf(outputFiles[0].text, exports) };
      });
    },
  };
}

function moduleOf(text, exports) {
  return `
    const text = ${JSON.stringify(text)};
    const code = await import('data:text/javascript;base64,' + Buffer.from(text).toString('base64'));
    export const { ${exports.join(', ')} } = code;`;
}
