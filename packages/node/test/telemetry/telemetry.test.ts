import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { type ControlPlane, type LogRecord, logUploads } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import { traceUploads } from '@partway/core/opentelemetry';
import { createOssObjectStore } from '@partway/core/oss';
import type { PresignedPart } from '@partway/core/ports';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { uploadFile } from '../../src/upload-file.ts';
import { createUploader } from '../../src/uploader.ts';

const credentials = {
  accessKeyId: 'STS.an-access-key-id',
  accessKeySecret: 'an-access-key-secret',
  securityToken: 'a-security-token',
};
const bytes = randomBytes(500_000);
const secrets: string[] = Object.values(credentials);
let emulator: OssEmulator;
let folder: string;
let path: string;
let controlPlane: ControlPlane;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partway-telemetry-'));
  path = join(folder, 'file');
  await writeFile(path, bytes);
  emulator = await startOssEmulator({ buckets: ['media'], credentials });
  const { endpoint, region } = emulator;
  const store = createOssObjectStore({ bucket: 'media', region, endpoint, credentials });
  controlPlane = recordSecrets(createCoordinator({ store }));
});
afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

/** The same control plane, recording tokens and URLs. */
function recordSecrets(plane: ControlPlane): ControlPlane {
  function recordUrls(parts: readonly PresignedPart[]): void {
    for (const { url } of parts) secrets.push(url, new URL(url).searchParams.get('x-oss-signature') ?? '');
  }

  return {
    ...plane,
    async initiate(request) {
      const upload = await plane.initiate(request);
      secrets.push(upload.uploadToken);
      recordUrls(upload.presigned ?? []);
      return upload;
    },
    async presignParts(request) {
      const parts = await plane.presignParts(request);
      recordUrls(parts);
      return parts;
    },
  };
}

test('with faults every attempt is a span, and spans and logs contain no secret', async () => {
  const { faults } = emulator;
  faults.add({ operation: 'UploadPart', partNumber: 1, times: 1, effect: { kind: 'dropResponse' } });
  faults.add({
    operation: 'UploadPart',
    partNumber: 2,
    times: 2,
    effect: { kind: 'refuse', status: 503, code: 'Busy' },
  });
  faults.add({ operation: 'UploadPart', partNumber: 3, times: 1, effect: { kind: 'corruptIncoming' } });
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const traced = traceUploads({ tracer: provider.getTracer('test') });
  const records: LogRecord[] = [];
  const onEvent = logUploads((record) => records.push(record));
  const options = { controlPlane, partSize: 100 * 1024, retry: { baseMs: 1 }, onEvent };
  const uploader = createUploader();
  const [object] = await Promise.all([
    uploadFile(path, traced({ ...options, key: 'alone' })).result,
    uploader.uploadFile(path, traced({ controlPlane, key: 'of-many' })).result,
  ]);

  expect(emulator.model.object('media', 'alone')?.crc64).toBe(object.crc64);
  const spans = exporter.getFinishedSpans();
  const attempts = spans.filter(({ name }) => name === 'partway.attempt');
  const retried = attempts.filter(({ attributes }) => attributes['partway.outcome'] === 'retried');
  expect(retried.map(({ attributes }) => attributes['error.type']).toSorted(compareTexts)).toEqual([
    'checksum_mismatch',
    'network',
    'throttled',
    'throttled',
  ]);
  expect(attempts).toHaveLength(5 + 4 + 1);
  expect(spans.filter(({ name }) => name === 'partway.upload')).toHaveLength(2);

  const output = JSON.stringify([
    spans.map(({ name, attributes, events, status, links }) => [name, attributes, events, status, links]),
    records,
  ]);
  expect(output).toContain('retrying');
  expect(secrets.length).toBeGreaterThan(15);
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(10);
    expect(output).not.toContain(secret);
  }
});

function compareTexts(a: unknown, b: unknown): number {
  return String(a) < String(b) ? -1 : 1;
}
