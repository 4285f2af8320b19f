// Presigns UploadPart by each implementation in turn.
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore, presign, presignParts } from '@partway/core/oss';
import OSS from 'ali-oss';
import { BUCKET, CREDENTIALS, REGION } from '../clients/client.ts';
import { importInternalModule } from '../internals.ts';
import { cpuSecondsSince, median } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';

export interface PresignTask {
  readonly count: number;
  readonly rounds: number;
}

export interface PresignResult {
  /** URLs per second of CPU, by implementation. */
  readonly urls: Readonly<Record<string, number>>;
  /** Hashes of a signature, per second of CPU, by source of SHA-256. */
  readonly signatures: Readonly<Record<string, number>>;
  /** Sources of SHA-256 that this version does not have. */
  readonly unavailable: readonly string[];
}

type Implementation = (count: number) => void | Promise<void>;

const KEY = 'movies/1.mp4';
const UPLOAD_ID = '0004B9895DBBB6EC98E36';
/** URLs per request of an upload with 16 parts in flight. */
const BATCH = 32;

serveTasks(async ({ count, rounds }: PresignTask): Promise<PresignResult> => {
  const unavailable: string[] = [];
  const hashers: Record<string, Implementation> = {};
  for (const [name, path] of [
    ['node:crypto', 'oss/signing/sha256-node.js'],
    ['@noble/hashes', 'oss/signing/sha256.js'],
  ] as const) {
    const hasher = await createHashingImplementation(path).catch(
      () => void unavailable.push(`SHA-256 by ${name}: not in this version`),
    );
    if (hasher !== undefined) hashers[name] = hasher;
  }
  return {
    urls: await measureSpeeds(
      { ...(await createPartwayImplementations()), 'ali-oss signatureUrlV4': createAliOssImplementation() },
      count,
      rounds,
    ),
    signatures: await measureSpeeds(hashers, count, rounds),
    unavailable,
  };
});

async function createPartwayImplementations(): Promise<Record<string, Implementation>> {
  const options = { region: REGION, bucket: BUCKET, credentials: CREDENTIALS };
  const store = createOssObjectStore(options);
  const request = (partNumber: number) => ({
    method: 'PUT' as const,
    key: KEY,
    query: { partNumber, uploadId: UPLOAD_ID },
  });
  const coordinator = createCoordinator({
    store: { ...store, initiate: async () => ({ uploadId: UPLOAD_ID }) },
  });
  const { signal } = new AbortController();
  const { uploadToken } = await coordinator.initiate({
    key: KEY,
    size: 80e9,
    partSize: 8 * 1024 ** 2,
    object: {},
    signal,
  });
  const thousand = Array.from({ length: 1000 }, (_, index) => index + 1);
  return {
    'Partway, presignParts, 1,000 at once': (count) => {
      for (let n = 0; n < count; n += 1000) {
        presignParts({ ...options, key: KEY, uploadId: UPLOAD_ID, partNumbers: thousand });
      }
    },
    [`Partway, a coordinator, ${BATCH} at once`]: async (count) => {
      for (let n = 0; n < count; n += BATCH) {
        const partNumbers = Array.from({ length: BATCH }, (_, index) => 1 + ((n + index) % 5000));
        await coordinator.presignParts({ uploadToken, partNumbers, afterRefusal: false, signal });
      }
    },
    'Partway, an object store, 1,000 at once': async (count) => {
      for (let n = 0; n < count; n += 1000) {
        await store.presignParts({ key: KEY, uploadId: UPLOAD_ID, partNumbers: thousand });
      }
    },
    'Partway, an object store, in sequence': async (count) => {
      for (let n = 1; n <= count; n++) await store.presign(request(1 + (n % 10_000)));
    },
    'Partway, presign only': (count) => {
      for (let n = 1; n <= count; n++) presign({ ...options, ...request(1 + (n % 10_000)) });
    },
  };
}

function createAliOssImplementation(): Implementation {
  const client = new OSS({ ...CREDENTIALS, region: `oss-${REGION}`, bucket: BUCKET, secure: true });
  return async (count) => {
    for (let n = 1; n <= count; n++) {
      const queries = { partNumber: 1 + (n % 10_000), uploadId: UPLOAD_ID };
      await client.signatureUrlV4('PUT', 900, { queries }, KEY);
    }
  };
}

interface Sha256 {
  sha256Hex(text: string): string;
  createHmacSha256(key: Uint8Array): { hex(text: string): string };
}

/** Hashes a canonical request of typical length, and signs a short text, as a signature does. */
async function createHashingImplementation(path: string): Promise<Implementation> {
  const { sha256Hex, createHmacSha256 } = await importInternalModule<Sha256>(path);
  const hmac = createHmacSha256(new Uint8Array(32).fill(1));
  const canonical = 'c'.repeat(350);
  return (count) => {
    for (let n = 0; n < count; n++) hmac.hex(`${'s'.repeat(80)}${sha256Hex(canonical + n)}`);
  };
}

async function measureSpeeds(
  implementations: Readonly<Record<string, Implementation>>,
  count: number,
  rounds: number,
): Promise<Record<string, number>> {
  const figures: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(implementations)) {
      await run(Math.min(count, 2000));
      const start = process.cpuUsage();
      await run(count);
      figures[name] = [...(figures[name] ?? []), count / cpuSecondsSince(start)];
    }
  }
  return Object.fromEntries(Object.entries(figures).map(([name, each]) => [name, median(each)]));
}
