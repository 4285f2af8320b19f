import { type Coordinator, createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore, type OssCredentials } from '@partway/core/oss';
import type { Transport } from '@partway/core/ports';
import {
  createInMemorySource,
  createSeededRandom,
  createVirtualClock,
  type VirtualClock,
} from '@partway/core/testing';
import {
  createFaults,
  createMemoryBlobs,
  createOssModel,
  type Faults,
  injectFaults,
  type OssModel,
  type OssRequest,
  type OssResponse,
} from '@partway/emulator';
import {
  createInMemoryUploadTokens,
  createInProcessFetch,
  createInProcessPut,
  deliverOutcome,
} from '../stages/in-process-oss.ts';
import type { Scenario } from './scenario.ts';

export const BUCKET = 'media';
export const KEY = 'movies/1.mp4';
const REGION = 'cn-hangzhou';

/** OSS on the emulator's model and the released coordinator, shared by all uploading processes. */
export interface Backend {
  readonly clock: VirtualClock;
  readonly startedAt: number;
  readonly model: OssModel;
  readonly faults: Faults;
  readonly coordinator: Coordinator;
  readonly put: Transport['put'];
  /** Calls the listener for each request that OSS receives, with one line of text. */
  onRequest(listener: (line: string) => void): void;
  /** Stores an object of another writer under the key. */
  putForeignObject(bytes: Uint8Array): Promise<void>;
  /** Aborts all unfinished uploads, as a lifecycle rule or another process does. */
  abortAllUploads(): void;
}

export function createBackend(scenario: Scenario): Backend {
  const { seed, signerSkewMs, latencyMs, urlLifetimeSeconds } = scenario;
  const random = createSeededRandom(seed ^ 0x5eed);
  const clock = createVirtualClock(Date.UTC(2026, 10, 21));
  let clockOffsetMs = 0;
  let notify: (line: string) => void = () => undefined;
  const ossClock = { now: () => clock.now() + clockOffsetMs };
  const credentials = createCredentials(scenario, ossClock.now);
  const model = createOssModel({
    region: REGION,
    buckets: [BUCKET],
    credentials: credentials.issued,
    clock: ossClock,
    blobs: createMemoryBlobs(),
    ids: createIds(random.next),
  });
  const faults = createFaults({
    advanceClock: (ms) => {
      clockOffsetMs += ms;
    },
    random: random.next,
  });
  const { signal } = new AbortController();
  const sleep = (ms: number): Promise<void> => clock.sleep(ms, new AbortController().signal);
  const oss = injectFaults(model, faults, { sleep, now: ossClock.now });

  async function handleRequest(request: OssRequest, stop: AbortSignal): Promise<OssResponse> {
    const { operation, partNumber, uploadId } = model.identify(request);
    notify(`OSS: ${operation} ${partNumber ?? ''} ${uploadId ?? ''}`);
    model.putCredentials(credentials.issued);
    if (latencyMs > 0) await sleep(latencyMs / 2);
    stop.throwIfAborted();
    const outcome = await oss.handle(request);
    // The response takes time too: the client may be gone when it arrives.
    if (latencyMs > 0) await sleep(latencyMs / 2);
    return deliverOutcome(outcome, stop);
  }

  const storeOptions = { region: REGION, bucket: BUCKET, fetch: createInProcessFetch(handleRequest) };
  const store = createOssObjectStore({
    ...storeOptions,
    credentials: credentials.source,
    clock: { now: () => clock.now() + signerSkewMs },
  });
  const ownerStore = createOssObjectStore({ ...storeOptions, credentials: OWNER, clock: ossClock });
  let nonceCount = 0;
  const signerNow = (): number => clock.now() + signerSkewMs;
  const coordinator = createCoordinator({
    store,
    clock: { now: signerNow, sleep: clock.sleep },
    uploadTokens: createInMemoryUploadTokens(),
    urlLifetimeSeconds,
    nonce: () => (nonceCount++).toString(16).padStart(32, '0'),
  });
  const put = createInProcessPut(handleRequest);
  return {
    clock,
    startedAt: clock.now(),
    model,
    faults,
    coordinator,
    put,
    onRequest(listener) {
      notify = listener;
    },
    abortAllUploads() {
      for (const { key, uploadId } of model.uploads(BUCKET)) {
        void ownerStore.abort({ key, uploadId }).catch(() => undefined);
      }
    },
    async putForeignObject(bytes) {
      const { url, headers } = await ownerStore.presign({ method: 'PUT', key: KEY });
      const body = createInMemorySource(bytes).part(0, bytes.length);
      await put({ url, headers, body, signal, onProgress: () => undefined });
    },
  };
}

const OWNER = { accessKeyId: 'AK', accessKeySecret: 'SK' };

/** One permanent set, or a sequence of sets with the lifetime of the scenario. */
function createCredentials(
  { stsLifetimeMs }: Scenario,
  ossNow: () => number,
): { readonly issued: IssuedCredentials[]; readonly source: () => OssCredentials } {
  const issued: IssuedCredentials[] = [OWNER];
  if (stsLifetimeMs === undefined) return { issued, source: () => OWNER };
  return {
    issued,
    source() {
      const n = issued.length;
      const set = { accessKeyId: `STS.${n}`, accessKeySecret: `secret-${n}`, securityToken: `token-${n}` };
      issued.push({ ...set, expiresAt: ossNow() + stsLifetimeMs });
      return { ...set, expiresAt: ossNow() + stsLifetimeMs };
    },
  };
}

interface IssuedCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
  readonly expiresAt?: number;
}

function createIds(next: () => number): { requestId(): string; uploadId(): string; versionId(): string } {
  const hex = (length: number): string =>
    Array.from({ length }, () => Math.floor(next() * 16).toString(16))
      .join('')
      .toUpperCase();
  return { requestId: () => hex(24), uploadId: () => hex(32), versionId: () => hex(32) };
}
