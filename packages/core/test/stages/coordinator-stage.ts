import { type ControlPlane, createHttpControlPlane } from '@partway/core';
import {
  type Authorize,
  type Coordinator,
  type CoordinatorOptions,
  createCoordinator,
  createCoordinatorHandler,
  type HandlerOptions,
} from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { type ObjectStore, systemClock, type Transport } from '@partway/core/ports';
import {
  createFaults,
  createMemoryBlobs,
  createOssModel,
  type Faults,
  injectFaults,
  type OssModel,
} from '@partway/emulator';
import {
  createInProcessFetch,
  createInProcessPut,
  deliverOutcome,
  type HandleOssRequest,
} from './in-process-oss.ts';

export const BUCKET = 'media';
const REGION = 'cn-hangzhou';
const CREDENTIALS = { accessKeyId: 'AK', accessKeySecret: 'SK-very-secret' };

/** The HTTP client and the handler of Partway, with an in-process OSS behind them, without sockets. */
export interface CoordinatorStage {
  readonly model: OssModel;
  readonly faults: Faults;
  /** The store of the bucket, for a second coordinator of the same OSS. */
  readonly store: ObjectStore;
  readonly coordinator: Coordinator<Request>;
  readonly handler: (request: Request) => Promise<Response>;
  /** The operations that OSS received, in order. */
  readonly operations: string[];
  /** The verbs that the coordinator received, in order. */
  readonly verbs: string[];
  readonly transport: Transport;
  /** The HTTP control plane of a user, with the session in a header. */
  clientOf(user: string | undefined): ControlPlane;
  /** Sends a presigned request to OSS. Resolves with the status. */
  put(url: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<number>;
  /** Sends one raw request to the handler. */
  post(verb: string, body: unknown, init?: RequestInit): Promise<RawResponse>;
}

export interface RawResponse {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

export type StageOptions = Partial<CoordinatorOptions<Request>> & { readonly handler?: HandlerOptions };

export const KEYS = [{ kid: 'a', key: new Uint8Array(32).fill(1) }];

/** Every principal uploads into its own folder. */
export const inOwnFolder: Authorize<Request> = (file, { principal }) => ({
  key: `${principal}/${file.name}`,
});

export const bySessionHeader = (request: Request): string | undefined =>
  request.headers.get('x-session') ?? undefined;

export function createStage({ handler: handlerOptions, ...options }: StageOptions = {}): CoordinatorStage {
  const blobs = createMemoryBlobs();
  const model = createOssModel({
    ...{ region: REGION, buckets: [BUCKET, 'private'], credentials: CREDENTIALS, clock: systemClock, blobs },
  });
  const faults = createFaults({ advanceClock: () => undefined });
  const oss = injectFaults(model, faults, { sleep: () => Promise.resolve(), now: systemClock.now });
  const operations: string[] = [];
  const handleOss: HandleOssRequest = async (request, stop) => {
    operations.push(model.identify(request).operation);
    return deliverOutcome(await oss.handle(request), stop);
  };
  const fetchOss = createInProcessFetch(handleOss);
  const createStore = (bucket: string) =>
    createOssObjectStore({ region: REGION, bucket, credentials: CREDENTIALS, fetch: fetchOss });
  const store = createStore(BUCKET);
  const coordinator = createCoordinator<Request>({
    ...(options.stores === undefined && { store }),
    tokenKeys: KEYS,
    identify: bySessionHeader,
    authorize: inOwnFolder,
    fetch: fetchOss,
    ...options,
  });
  const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads', ...handlerOptions });
  const verbs: string[] = [];
  const fetchHandler = (url: string, init: RequestInit) => {
    verbs.push(url.slice(url.lastIndexOf('/') + 1));
    return handler(new Request(url, init));
  };
  return {
    model,
    faults,
    store,
    coordinator,
    handler,
    operations,
    verbs,
    transport: {
      reportsProgress: true,
      mayHideHeaders: false,
      connectionsMax: 256,
      put: createInProcessPut(handleOss),
    },
    clientOf: (user) =>
      createHttpControlPlane('https://app.test/uploads', {
        fetch: fetchHandler,
        headers: user === undefined ? {} : { 'x-session': user },
      }),
    async put(url, headers, body) {
      const response = await fetchOss(url, { method: 'PUT', headers, body: Uint8Array.from(body) });
      return response.status;
    },
    async post(verb, body, init = {}) {
      const response = await handler(
        new Request(`https://app.test/uploads/${verb}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-session': 'wei' },
          body: typeof body === 'string' ? body : JSON.stringify(body),
          ...init,
        }),
      );
      const text = await response.text();
      return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
    },
  };
}
