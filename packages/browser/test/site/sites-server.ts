import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build, type Rolldown, transformWithOxc } from 'vite';
import { source } from '../../../../tooling/source-condition.ts';
import type { Started } from '../stages/uploads-server.ts';

const packages = fileURLToPath(new URL('../../../', import.meta.url));
const page = `${packages}browser/test/site/page.ts`;

/**
 * The page of site/page.ts as users publish theirs: `/bundled/` by Vite; `/strict/` the same, and no worker is
 * allowed; `/unbundled/` as modules with an import map, the worker as it is published.
 */
export async function startSites(): Promise<Started> {
  const files = new Map([...(await bundledFiles()), ...(await unbundledFiles())]);

  const server = createServer(async (message, reply) => {
    const { pathname } = new URL(message.url ?? '/', 'http://site');
    const [, site = '', ...rest] = pathname.split('/');
    const path = `${site === 'strict' ? 'bundled' : site}/${rest.join('/')}`;
    if (site === 'strict') reply.setHeader('content-security-policy', "worker-src 'none'");
    const text = files.get(path) ?? (await moduleOf(path));
    if (text === undefined) return void reply.writeHead(404).end();
    reply.setHeader('content-type', path.endsWith('/') ? 'text/html' : 'text/javascript');
    reply.end(text);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function bundledFiles(): Promise<[path: string, text: string][]> {
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    plugins: [source],
    base: './',
    build: { write: false, rolldownOptions: { input: page, output: { entryFileNames: 'page.js' } } },
  })) as Rolldown.RolldownOutput;
  const html = '<!doctype html><script type="module" src="page.js"></script>';
  const scripts = built.output.map((file): [string, string] => [
    `bundled/${file.fileName}`,
    file.type === 'chunk' ? file.code : String(file.source),
  ]);
  return [['bundled/', html], ...scripts];
}

async function unbundledFiles(): Promise<[path: string, text: string][]> {
  const imports = {
    '@partway/browser': './browser/src/index.js',
    '@partway/core': './core/src/index.js',
    '@partway/core/ports': './core/src/index.ports.js',
    '@partway/core/internal': './core/src/index.internal.js',
    idb: './idb.js',
  };
  const html = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>
    <script type="module" src="./browser/test/site/page.js"></script>`;
  const worker = execFileSync(process.execPath, [`${packages}browser/bundle-worker.mjs`, '--print']);
  return [
    ['unbundled/', html],
    ['unbundled/idb.js', await readFile(`${packages}browser/node_modules/idb/build/index.js`, 'utf8')],
    ['unbundled/browser/src/crc64/crc64-worker.js', worker.toString()],
  ];
}

/** One file, compiled approximately as `tsc` does. */
async function moduleOf(path: string): Promise<string | undefined> {
  const name = /^unbundled\/((?:browser|core)\/[\w./-]+)\.js$/.exec(path)?.[1];
  if (name === undefined) return undefined;
  const file = `${packages}${name}.ts`;
  const { code } = await transformWithOxc(await readFile(file, 'utf8'), file);
  return code.replace(/(from\s*"\.[^"]*)\.ts"/g, '$1.js"');
}
