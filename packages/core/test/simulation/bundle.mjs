import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));

/**
 * Bundles the simulation and the sources it tests into one script, in a cache folder of this name. `transform`
 * receives the path and the text of each source file, and returns the text to bundle.
 */
export async function bundleSimulation(name, transform = (_path, text) => text) {
  const outDir = fileURLToPath(
    new URL(`../../../../node_modules/.cache/simulation/${name}`, import.meta.url),
  );
  await build({
    root: here,
    configFile: false,
    logLevel: 'error',
    plugins: [{ name: 'change-source', enforce: 'pre', transform: (text, id) => transform(id, text) }],
    ssr: { noExternal: true },
    build: {
      ssr: `${here}command.ts`,
      outDir,
      emptyOutDir: true,
      minify: false,
      sourcemap: true,
      target: 'node20',
    },
    environments: { ssr: { resolve: { conditions: ['source', 'node', 'import', 'default'] } } },
  });
  return `${outDir}/command.js`;
}
