// Presigns UploadPart by every way, in turns.
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore, presign, presignParts } from '@partway/core/oss';
import OSS from 'ali-oss';
import { BUCKET, CREDENTIALS, REGION } from '../clients/client.ts';
import { importInternal } from '../internals.ts';
import { cpuSecondsSince, median } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';

export interface PresignTask {
  readonly count: number;
  readonly rounds: number;
}

export interface PresignResult {
  /** Per second of CPU, by way. */
  readonly urls: Readonly<Record<string, number>>;
  /** Hashes of a signature, per second of CPU, by source of SHA-256. */
  readonly hashings: Readonly<Record<string, number>>;
  readonly absent: readonly string[];
}

type Way = (count: number) => void | Promise<void>;

const KEY = 'movies/1.mp4';
const UPLOAD_ID = '0004B9895DBBB6EC98E36';
/** Of an upload with 16 parts in flight. */
const BATCH = 32;

serveTasks(async ({ count, rounds }: PresignTask): Promise<PresignResult> => {
  const absent: string[] = [];
  const hashings: Record<string, Way> = {};
  for (const [name, path] of [
    ['node:crypto', 'oss/signing/sha256-node.js'],
    ['@noble/hashes', 'oss/signing/sha256.js'],
  ] as const) {
    const way = await hashingWay(path).catch(() => void absent.push(`SHA-256 by ${name}: not a choice here`));
    if (way !== undefined) hashings[name] = way;
  }
  return {
    urls: await speeds({ ...(await partwayWays()), 'ali-oss signatureUrlV4': aliOssWay() }, count, rounds),
    hashings: await speeds(hashings, count, rounds),
    absent,
  };
});

async function partwayWays(): Promise<Record<string, Way>> {
  const terms = { region: REGION, bucket: BUCKET, credentials: CREDENTIALS };
  const store = createOssObjectStore(terms);
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
        presignParts({ ...terms, key: KEY, uploadId: UPLOAD_ID, partNumbers: thousand });
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
    'Partway, an object store, one by one': async (count) => {
      for (let n = 1; n <= count; n++) await store.presign(request(1 + (n % 10_000)));
    },
    'Partway, presign alone': (count) => {
      for (let n = 1; n <= count; n++) presign({ ...terms, ...request(1 + (n % 10_000)) });
    },
  };
}

function aliOssWay(): Way {
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

/** A signature hashes a canonical request, about so long, and then signs a text that is short. */
async function hashingWay(path: string): Promise<Way> {
  const { sha256Hex, createHmacSha256 } = await importInternal<Sha256>(path);
  const hmac = createHmacSha256(new Uint8Array(32).fill(1));
  const canonical = 'c'.repeat(350);
  return (count) => {
    for (let n = 0; n < count; n++) hmac.hex(`${'s'.repeat(80)}${sha256Hex(canonical + n)}`);
  };
}

async function speeds(
  ways: Readonly<Record<string, Way>>,
  count: number,
  rounds: number,
): Promise<Record<string, number>> {
  const figures: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, way] of Object.entries(ways)) {
      await way(Math.min(count, 2000));
      const start = process.cpuUsage();
      await way(count);
      figures[name] = [...(figures[name] ?? []), count / cpuSecondsSince(start)];
    }
  }
  return Object.fromEntries(Object.entries(figures).map(([name, each]) => [name, median(each)]));
}
