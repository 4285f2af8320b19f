import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const ADDRESS = /\/test\/doc-example-(\w+)\.ts$/;
const folder = fileURLToPath(new URL('../../packages/browser', import.meta.url));

/**
 * Serves the `@example` of each function of `@partway/browser` to pages, as `/test/doc-example-<function>.ts`. The
 * endpoint `/uploads` in it becomes that of packages/browser/test/stages/uploads-server.ts, which is at another origin.
 */
export const docExamples: Plugin = {
  name: 'doc-examples',
  enforce: 'pre',
  resolveId: (id) => (ADDRESS.test(id) ? `${folder}${ADDRESS.exec(id)?.[0]}` : undefined),
  async load(id) {
    const [, name] = ADDRESS.exec(id) ?? [];
    if (name === undefined) return undefined;
    // Imported here, because only this needs a compiler.
    const [{ findExamples }, { loadApi }] = await Promise.all([
      import('./examples.ts'),
      import('./load-api.ts'),
    ]);
    const example = findExamples(loadApi()).find((each) => each.name === `@partway/browser ${name}`);
    if (example === undefined) throw new Error(`${name} of @partway/browser has no @example`);
    const code = example.code.replaceAll("'/uploads'", "inject('uploadsUrl') + '/uploads'");
    return `import { inject } from 'vitest';\n${code}`;
  },
};
