import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { PresignRequest } from '@partway/core/oss';
import { build, type Plugin, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { source } from '../tooling/source-condition.ts';
import vectors from './vectors/v4-signatures.json' with { type: 'json' };

const root = fileURLToPath(new URL('..', import.meta.url));

test.each(['core', 'node', 'browser', 'emulator'])('@partway/%s publishes only what it builds', (name) => {
  const { exports, imports, publishConfig, files } = JSON.parse(read(`packages/${name}/package.json`));
  expect(Object.keys(publishConfig.exports)).toEqual(Object.keys(exports));
  expect(Object.keys(publishConfig.imports ?? {})).toEqual(Object.keys(imports ?? {}));
  expect(JSON.stringify(publishConfig)).not.toContain('src/');
  expect(files).toContain('dist');
});

const CORE = ['@partway/core', '@partway/core/ports', '@partway/core/internal'];

/** The part of the core that `uploadFile` uses. The rest of its bundle are the adapters of the browser. */
const ENGINE = `export { UploadError } from '@partway/core';
export { sourceChangedError, startBrowserUpload, systemClock, systemRandom } from '@partway/core/ports';
export { assertControlPlane, assertOptions } from '@partway/core/internal';`;

test('uploadFile for a page is small, part by part', async () => {
  const [page = '', ...others] = await chunksOf('packages/browser/src/upload-file.ts');
  const [engine = ''] = await chunksOf('engine', { text: ENGINE });
  const sizes = {
    page: gzipSync(page).length,
    engine: gzipSync(engine).length,
    adapters: gzipSync(page).length - gzipSync(engine).length,
  };
  console.log(`uploadFile for a page, in bytes gzipped: ${JSON.stringify(sizes)}`);
  expect(others).toEqual([]);
  expect(sizes.page).toBeLessThan(18_600);
  expect(sizes.engine).toBeLessThan(13_950);
});

test('uploadFile for a page brings what it needs, and no WebAssembly: its worker does', async () => {
  const page = await bundleOf('packages/browser/src/upload-file.ts');
  expect(page).not.toMatch(WASM);
  // Nor an XML parser, a signer, what the coordinator checks, anything of Node.
  expect(page).not.toMatch(/XMLParser|aliyun_v4_request|CompactEncrypt|from\s*["']node:/);
  expect(page).not.toMatch(/x-oss-meta-/);
});

test('uploadFile for a page brings nothing of uploads of streams', async () => {
  const streams = await modulesOf('streams', {
    text: "export { startStreamUpload } from '@partway/core/ports';",
  });
  const page = await modulesOf('packages/browser/src/upload-file.ts');
  const ofStreams = (path: string): boolean => /\/stream[^/]*(\/|\.ts$)/.test(path);
  expect(streams.filter(ofStreams)).not.toEqual([]);
  expect(page.filter(ofStreams)).toEqual([]);
});

test('the bridges to Uppy are small, and bring no XML parser, no signer and nothing of Node', async () => {
  const code = await bundleOf('packages/browser/src/uppy/index.ts');
  expect(code).not.toMatch(/XMLParser|aliyun_v4_request|CompactEncrypt|from\s*["']node:/);
  console.log(`the bridges to Uppy: ${gzipSync(code).length} bytes gzipped`);
  expect(gzipSync(code).length).toBeLessThan(13_700);
});

test('the worker of a page is one small file that imports nothing', () => {
  const bundler = `${root}packages/browser/bundle-worker.mjs`;
  const code = execFileSync(process.execPath, [bundler, '--print']).toString();
  expect(code).not.toMatch(/\bimport\b|\brequire\b/);
  expect(code.match(WASM)).toHaveLength(2);
  const size = gzipSync(code.replaceAll(WASM, '')).length;
  console.log(`the worker of a page without its WebAssembly: ${size} bytes gzipped`);
  expect(size).toBeLessThan(4096);
});

test('the worker is named as bundlers look for it, by the name that it has when it is built', () => {
  const named = "new Worker(new URL('./crc64-worker.js', import.meta.url), { type: 'module' })";
  expect(read('packages/browser/src/crc64/worker-client.ts')).toContain(named);
  expect(read('packages/browser/src/crc64/crc64-worker.ts')).toContain('createCrc64');
});

/** Modules of WebAssembly, in hexadecimal. */
const WASM = /0061736d[0-9a-f' +\n]+/g;

test.each([
  ['useUpload for React', 'packages/browser/src/react/use-upload.ts', 'useSyncExternalStore'],
  ['useUploads for React', 'packages/browser/src/react/use-uploads.ts', 'useSyncExternalStore'],
  ['useUpload for Vue', 'packages/browser/src/vue/use-upload.ts', 'shallowRef'],
])('%s is at most 1 kB, beside its framework', async (name, entry, used) => {
  const code = await bundleOf(entry, ['react', 'vue']);
  expect(code).toContain(used);
  console.log(`${name}: ${gzipSync(code).length} bytes gzipped`);
  expect(gzipSync(code).length).toBeLessThanOrEqual(1000);
});

test('the upload element is small beside the engine, and needs no framework', async () => {
  const [whole, own] = await Promise.all([
    bundleOf('packages/browser/src/element/index.ts'),
    bundleOf('packages/browser/src/element/index.ts', CORE),
  ]);
  expect(whole).not.toMatch(/from\s*["']/);
  expect(whole).not.toMatch(/XMLParser|aliyun_v4_request|CompactEncrypt|useSyncExternalStore|shallowRef/);
  const [wholeSize, ownSize] = [whole, own].map((code) => gzipSync(code).length);
  console.log(`the upload element: ${wholeSize} bytes gzipped, ${ownSize} of them its own`);
  expect(wholeSize).toBeLessThan(39_500);
  expect(ownSize).toBeLessThan(19_000);
});

test('a server may load the upload element, though it has no page', async () => {
  const { defineUploadElement } = await import('@partway/browser/element');
  expect(defineUploadElement).not.toThrow();
});

test('tracing for a page is small, and has nothing of Node in it', async () => {
  const code = await bundleOf('packages/core/src/opentelemetry/index.ts');
  expect(code).toContain('partway.upload.duration');
  expect(code).not.toMatch(/XMLParser|aliyun_v4_request|CompactEncrypt|from\s*["']node:/);
  // The API of OpenTelemetry, which a page that is traced has anyway, is more than half of it.
  expect(gzipSync(code).length).toBeLessThan(12_000);
});

test('the signer without Node has nothing of Node in it, and signs every vector', async () => {
  const code = await bundleOf('packages/core/src/oss/index.ts');
  expect(code).not.toMatch(/\bnode:|createHmac\b/);
  const { presign }: Pick<typeof import('@partway/core/oss'), 'presign'> = await import(
    `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`
  );
  const signatures = presignedVectors.map((vector) => {
    const { searchParams } = new URL(presign(requestOf(vector)).url);
    return [vector.name, searchParams.get('x-oss-signature')];
  });
  expect(signatures).toEqual(presignedVectors.map(({ name, expected }) => [name, expected.signature]));
  expect(signatures.length).toBeGreaterThan(40);
});

/** Without those that this API refuses: a region with a prefix, a life over seven days. */
const presignedVectors = vectors.filter(
  ({ kind, name }) => kind === 'query' && !/oss-prefix|expires-over/.test(name),
);

function requestOf(vector: (typeof vectors)[number]): PresignRequest {
  const { bucket, key, region, product, accessKeyId, accessKeySecret, securityToken, expires } = vector;
  return {
    method: vector.method as PresignRequest['method'],
    ...{ bucket, key, region, product },
    credentials: { accessKeyId, accessKeySecret, securityToken },
    query: strings(vector.query),
    headers: strings(vector.headers),
    additionalHeaders: vector.additionalHeaders,
    expiresInSeconds: expires,
    now: new Date(vector.date),
  };
}

function strings(record: object): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, String(value ?? '')]));
}

async function bundleOf(entry: string, external: string[] = []): Promise<string> {
  return (await chunksOf(entry, { external })).join('');
}

/**
 * The chunks that a bundler makes of a file, or of `text` in its place: first the one that is loaded at once,
 * then those that are loaded later. Without whitespace, which Vite by itself leaves in libraries.
 */
async function chunksOf(entry: string, contents: Contents = {}): Promise<readonly string[]> {
  return (await outputOf(entry, contents)).map(({ code }) => code);
}

/** The files of which something is in the bundle. */
async function modulesOf(entry: string, contents: Contents = {}): Promise<readonly string[]> {
  return (await outputOf(entry, contents)).flatMap(({ moduleIds }) => moduleIds);
}

interface Contents {
  readonly text?: string;
  readonly external?: string[];
}

async function outputOf(
  entry: string,
  { text, external = [] }: Contents,
): Promise<readonly Rolldown.OutputChunk[]> {
  const inPlace: Plugin = {
    name: 'text-in-place-of-the-entry',
    resolveId: (_, importer) => (importer === undefined && text !== undefined ? '\0text' : undefined),
    load: (id) => (id === '\0text' ? text : undefined),
  };
  const output = (await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [source, inPlace],
    build: {
      write: false,
      minify: false,
      rolldownOptions: { external, output: { minify: true } },
      lib: { entry, formats: ['es'], fileName: 'bundle' },
    },
  })) as Rolldown.RolldownOutput[];
  return output
    .flatMap((bundle) => bundle.output)
    .filter((chunk) => chunk.type === 'chunk')
    .toSorted((a, b) => Number(b.isEntry) - Number(a.isEntry));
}

function read(path: string): string {
  return readFileSync(root + path, 'utf8');
}
