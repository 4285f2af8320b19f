import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { PresignRequest } from '@partway/core/oss';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { source } from '../tooling/source-condition.ts';
import vectors from './vectors/v4-signatures.json' with { type: 'json' };

const root = fileURLToPath(new URL('..', import.meta.url));

/** What each door gives at run time. A change here is a change of the public surface: say it in a changeset. */
test.each([
  [
    '@partway/core',
    [
      'ERROR_BODY_MAX UploadError assertControlPlane assertOptions choosePartSize combineCrc64 crc64 createCrc64 createInMemoryCheckpoints',
      'createHttpControlPlane createPartBody createPartBuffers createUploader listCheckpoints loadResumption logRecord logUploads planParts uploadLockedError',
      'sourceChangedError startStreamUpload startUpload systemClock systemRandom',
    ],
  ],
  [
    '@partway/core/oss',
    [
      'callback createBucketAdmin createObjectStore createOssClock createOssObjectStore errorIn explainSignatureMismatch inspectSignedRequest ossError presign presignParts signHeaders',
      'unlessAborted',
    ],
  ],
  [
    '@partway/core/coordinator',
    [
      'abortUntilGone createCoordinator createCoordinatorHandler createInMemoryTallies createUploadTokens sweep',
    ],
  ],
  ['@partway/core/doctor', ['examineBucket']],
  ['@partway/core/opentelemetry', ['observeControlPlane traceHandler traceHeaders traceUploads']],
  [
    '@partway/core/testing',
    [
      'claim checkpointStoreConformance createInMemoryCheckpoints createInMemorySource createSeededRandom createVirtualClock objectStoreConformance rejectionOf',
      'sourceConformance transportConformance',
    ],
  ],
  [
    '@partway/node',
    [
      'UploadError createAliOssObjectStore createFileCheckpoints createFileSource createSpillFiles createUndiciFetch createUndiciTransport uploadFile',
      'createHttpControlPlane createUploader listCheckpoints resumeUpload uploadStream',
    ],
  ],
  [
    '@partway/browser',
    ['UploadError createBlobSource createFetchTransport createHttpControlPlane createUploader uploadFile'],
  ],
  ['@partway/browser/react', ['useUpload useUploads']],
  ['@partway/browser/vue', ['useUpload']],
  ['@partway/browser/element', ['PartwayUploadElement defineUploadElement']],
  ['@partway/node/callback', ['UploadError createCallbackVerifier']],
])('%s exports what it says, and nothing else', async (specifier, names) => {
  const exported = Object.keys(await import(specifier));
  expect(exported.toSorted(byName)).toEqual(names.join(' ').split(' ').toSorted(byName));
});

test.each(['core', 'node', 'browser', 'emulator'])('@partway/%s publishes only what it builds', (name) => {
  const { exports, imports, publishConfig, files } = JSON.parse(read(`packages/${name}/package.json`));
  expect(Object.keys(publishConfig.exports)).toEqual(Object.keys(exports));
  expect(Object.keys(publishConfig.imports ?? {})).toEqual(Object.keys(imports ?? {}));
  expect(JSON.stringify(publishConfig)).not.toContain('src/');
  expect(files).toContain('dist');
});

test('uploadFile for a page is small, and brings no XML parser, no signer and nothing of Node', async () => {
  const code = await bundleOf('packages/browser/src/upload-file.ts');
  expect(code).not.toMatch(/XMLParser|aliyun_v4_request|CompactEncrypt|from\s*["']node:/);
  console.log(`uploadFile for a page: ${gzipSync(code).length} bytes gzipped`);
  expect(gzipSync(code).length).toBeLessThan(20_500);
});

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
    bundleOf('packages/browser/src/element/index.ts', ['@partway/core']),
  ]);
  expect(whole).not.toMatch(/from\s*["']/);
  expect(whole).not.toMatch(/XMLParser|aliyun_v4_request|CompactEncrypt|useSyncExternalStore|shallowRef/);
  const [wholeSize, ownSize] = [whole, own].map((code) => gzipSync(code).length);
  console.log(`the upload element: ${wholeSize} bytes gzipped, ${ownSize} of them its own`);
  expect(wholeSize).toBeLessThan(34_000);
  expect(ownSize).toBeLessThan(10_500);
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
  const output = (await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [source],
    build: {
      write: false,
      minify: true,
      lib: { entry, formats: ['es'], fileName: 'bundle' },
      rolldownOptions: { external },
    },
  })) as Rolldown.RolldownOutput[];
  return output
    .flatMap((bundle) => bundle.output)
    .map((chunk) => (chunk.type === 'chunk' ? chunk.code : ''))
    .join('');
}

function read(path: string): string {
  return readFileSync(root + path, 'utf8');
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}
