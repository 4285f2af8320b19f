import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { source } from '../tooling/source-condition.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What each door gives at run time. A change here is a change of the public surface: say it in a changeset. */
test.each([
  [
    '@partway/core',
    [
      'ERROR_BODY_MAX UploadError assertControlPlane assertOptions choosePartSize combineCrc64 crc64 createCrc64 createInMemoryCheckpoints',
      'createPartBody createPartBuffers createUploader listCheckpoints loadResumption planParts uploadLockedError',
      'sourceChangedError startStreamUpload startUpload systemClock systemRandom',
    ],
  ],
  [
    '@partway/core/oss',
    [
      'createObjectStore createOssClock createOssObjectStore errorIn ossError presign signHeaders',
      'unlessAborted',
    ],
  ],
  ['@partway/core/coordinator', ['abortUntilGone createCoordinator createUploadTokens']],
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
      'UploadError createAliOssObjectStore createFileCheckpoints createFileSource createSpillFiles createUndiciTransport uploadFile',
      'createUploader listCheckpoints resumeUpload uploadStream',
    ],
  ],
  ['@partway/browser', ['UploadError createBlobSource createFetchTransport uploadFile']],
])('%s exports what it says, and nothing else', async (specifier, names) => {
  const exported = Object.keys(await import(specifier));
  expect(exported.toSorted(byName)).toEqual(names.join(' ').split(' ').toSorted(byName));
});

test.each(['core', 'node', 'browser', 'emulator'])('@partway/%s publishes only what it builds', (name) => {
  const { exports, publishConfig, files } = JSON.parse(read(`packages/${name}/package.json`));
  expect(Object.keys(publishConfig.exports)).toEqual(Object.keys(exports));
  expect(JSON.stringify(publishConfig.exports)).not.toContain('src/');
  expect(files).toContain('dist');
});

test('uploadFile for a page is small, and brings no XML parser, no signer and nothing of Node', async () => {
  const code = await bundleOf('packages/browser/src/upload-file.ts');
  expect(code).not.toMatch(/XMLParser|aliyun_v4_request|CompactEncrypt|from\s*["']node:/);
  console.log(`uploadFile for a page: ${gzipSync(code).length} bytes gzipped`);
  expect(gzipSync(code).length).toBeLessThan(16_500);
});

async function bundleOf(entry: string): Promise<string> {
  const output = (await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [source],
    build: { write: false, minify: true, lib: { entry, formats: ['es'], fileName: 'bundle' } },
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
