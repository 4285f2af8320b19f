import {
  type CheckpointStore,
  type ControlPlane,
  type ObjectStore,
  type PartRequest,
  type PartResponse,
  type Source,
  startUpload,
  type Upload,
  UploadError,
  type UploadEvent,
  type UploadOptions,
  type UploadPorts,
} from '@partway/core';
import {
  type Coordinator,
  createCoordinator,
  type UploadGrant,
  type UploadTokens,
} from '@partway/core/coordinator';
import { type CredentialsSource, createOssObjectStore } from '@partway/core/oss';
import {
  createInMemoryCheckpoints,
  createSeededRandom,
  createVirtualClock,
  type VirtualClock,
} from '@partway/core/testing';
import {
  createFaults,
  createMemoryBlobs,
  createOssModel,
  type Faults,
  misbehaving,
  type OssModel,
  type OssRequest,
  type OssResponse,
} from '@partway/emulator';

export const BUCKET = 'media';
export const KEY = 'movies/1.mp4';

/** The engine, the coordinator and the object store that ship, on the emulator's model, without a socket. */
export interface World {
  readonly clock: VirtualClock;
  readonly model: OssModel;
  readonly faults: Faults;
  readonly store: ObjectStore;
  readonly controlPlane: ControlPlane;
  readonly events: UploadEvent[];
  /** The operations OSS was asked for, in order, those of parts with their number: `UploadPart 3`. */
  readonly operations: string[];
  /** Every URL that was presigned. */
  readonly urls: string[];
  /** How many parts were in flight when each was begun, itself included. */
  readonly partsInFlight: number[];
  readonly checkpoints: CheckpointStore;
  /** With `isDurable`, what fails on the way is kept for a resume. */
  start(source: Source, options?: Partial<UploadOptions>, isDurable?: boolean): Upload;
  /** A coordinator of this world with another store. */
  coordinatorOf(store: ObjectStore): Coordinator;
  /** The same with another control plane. */
  startWith(controlPlane: ControlPlane, source: Source, options?: Partial<UploadOptions>): Upload;
  /** From now on OSS hears nothing and answers nothing, as if this process had died. */
  crash(): void;
  /** Another process: nothing of the dead one holds a lock. */
  restart(): Promise<void>;
  /** Lets virtual time pass until the promise settles. */
  settled<T>(promise: Promise<T>): Promise<T>;
}

export interface WorldOptions {
  /** How far the signer's clock is ahead of OSS's. Default: 0. */
  readonly signerSkewMs?: number;
  /** Default: one set that never dies. */
  readonly credentials?: CredentialsSource;
}

export function createWorld({ signerSkewMs = 0, ...options }: WorldOptions = {}): World {
  const clock = createVirtualClock(Date.UTC(2026, 10, 21));
  const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
  const region = 'cn-hangzhou';
  const model = createOssModel({ region, buckets: [BUCKET], credentials, clock, blobs: createMemoryBlobs() });
  const faults = createFaults({ advanceClock: clock.advance });
  const { signal } = new AbortController();
  const oss = misbehaving(model, faults, { sleep: (ms) => clock.sleep(ms, signal), now: clock.now });
  const events: UploadEvent[] = [];
  const operations: string[] = [];
  const urls: string[] = [];
  const partsInFlight: number[] = [];
  let inFlight = 0;
  let isDead = false;
  let checkpoints = createInMemoryCheckpoints();

  async function answer(request: OssRequest, stop: AbortSignal): Promise<OssResponse> {
    if (isDead) return never();
    const { operation, partNumber } = model.identify(request);
    operations.push(partNumber === undefined ? operation : `${operation} ${partNumber}`);
    const { response, connection } = await oss.handle(request);
    if (isDead) return never();
    if (connection === 'hold') await aborted(stop);
    if (response === undefined) throw connectionLost(connection);
    return response;
  }

  async function put(request: PartRequest): Promise<PartResponse> {
    urls.push(request.url);
    inFlight += 1;
    partsInFlight.push(inFlight);
    try {
      return await putOnce(request);
    } finally {
      inFlight -= 1;
    }
  }

  async function putOnce({
    url,
    headers,
    body,
    onProgress,
    signal: stop,
  }: PartRequest): Promise<PartResponse> {
    const sent = { ...headers, 'content-length': String(body.size) };
    const request = requestOf('PUT', url, sent, told(body.chunks(stop), onProgress));
    const response = await answer(request, stop);
    stop.throwIfAborted();
    return { status: response.status, headers: lowerCased(response.headers), body: await textOf(response) };
  }

  async function fetchModel(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const request = new Request(input, init);
    const bytes = new Uint8Array(await request.arrayBuffer());
    const sent = { ...Object.fromEntries(request.headers), 'content-length': String(bytes.length) };
    const asked = requestOf(request.method, request.url, sent, once(bytes));
    const response = await answer(asked, request.signal).catch((reason) => {
      throw new TypeError('fetch failed', { cause: reason });
    });
    const text = request.method === 'HEAD' || response.status === 204 ? null : await textOf(response);
    return new Response(text, { status: response.status, headers: response.headers });
  }

  const signer = { now: () => clock.now() + signerSkewMs };
  const store = createOssObjectStore({
    region,
    bucket: BUCKET,
    credentials: options.credentials ?? credentials,
    fetch: fetchModel,
    clock: signer,
  });
  const uploadTokens = createOnThreadTokens();
  const coordinatorOf = (other: ObjectStore): Coordinator =>
    createCoordinator({ store: other, clock, uploadTokens });
  const controlPlane = coordinatorOf(store);

  const onEvent = (event: UploadEvent): void => void events.push(event);

  function portsOf(source: Source, plane: ControlPlane, isDurable: boolean): UploadPorts {
    return {
      openSource: () => Promise.resolve(source),
      transport: { tellsProgress: true, hidesHeaders: false, put },
      controlPlane: plane,
      checkpoints: isDurable ? checkpoints : undefined,
      clock,
      random: createSeededRandom(1),
    };
  }

  return {
    clock,
    model,
    faults,
    store,
    controlPlane,
    coordinatorOf,
    get checkpoints() {
      return checkpoints;
    },
    events,
    operations,
    urls,
    partsInFlight,
    start: (source, uploadOptions = {}, isDurable = false) =>
      startUpload(portsOf(source, controlPlane, isDurable), { key: KEY, onEvent, ...uploadOptions }),
    startWith: (other, source, uploadOptions = {}) =>
      startUpload(portsOf(source, other, false), { key: KEY, onEvent, ...uploadOptions }),
    crash() {
      isDead = true;
    },
    async restart() {
      isDead = false;
      const survivors = createInMemoryCheckpoints();
      for (const id of await checkpoints.list()) await survivors.save(id, (await checkpoints.load(id)) ?? '');
      checkpoints = survivors;
    },
    async settled(promise) {
      let isSettled = false;
      const watched = promise.finally(() => {
        isSettled = true;
      });
      watched.catch(() => undefined);
      while (!isSettled) {
        await macrotask();
        if (!isSettled) clock.wakeNext();
      }
      return watched;
    },
  };
}

function requestOf(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: AsyncIterable<Uint8Array>,
): OssRequest {
  const { host, pathname, search } = new URL(url);
  return { method, target: pathname + search, headers: { ...headers, host }, body };
}

/** Tells the bytes as they are taken. */
async function* told(
  chunks: AsyncIterable<Uint8Array>,
  onProgress: (sentBytes: number) => void,
): AsyncIterable<Uint8Array> {
  let sentBytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    sentBytes += chunk.length;
    onProgress(sentBytes);
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** Never resolves; rejects with the reason of the abort. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function textOf({ body }: OssResponse): Promise<string> {
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  let text = '';
  for await (const chunk of body) text += new TextDecoder().decode(chunk);
  return text;
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function connectionLost(how: string): UploadError {
  return new UploadError({
    code: 'network',
    message: `the connection was lost: ${how}`,
    disposition: 'transient',
  });
}

/** Tokens without WebCrypto, which works off-thread: virtual time must not pass while it does. */
function createOnThreadTokens(): UploadTokens {
  const grants = new Map<string, UploadGrant>();
  return {
    async seal(grant) {
      const token = `secret-token-${grants.size}`;
      grants.set(token, grant);
      return token;
    },
    async open(token, now) {
      const grant = grants.get(token);
      if (grant !== undefined && grant.expiresAt > now) return grant;
      throw new UploadError({ code: 'token_refused', message: 'no such token', disposition: 'permanent' });
    },
  };
}

/** Several macrotasks: the platform's Request and Response take a few to read their bodies. */
async function macrotask(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
