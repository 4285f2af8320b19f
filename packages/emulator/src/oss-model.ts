import { randomBytes } from 'node:crypto';
import { authenticate } from './auth/signature-v4.ts';
import { anonymousAccessError, internalError } from './errors.ts';
import { assertEndpoint, readTarget } from './http/addressing.ts';
import type { OperationResponse } from './http/response.ts';
import { getHeader } from './http/wire-text.ts';
import { writeXml } from './http/xml.ts';
import { createInspection, type OssInspection } from './inspection.ts';
import { type AllowCallback, createCallbacks, type SendCallback } from './operations/callback.ts';
import { corsHeaders } from './operations/cors.ts';
import { applyLifecycle } from './operations/lifecycle.ts';
import { performOperation } from './operations/perform.ts';
import { OssError } from './oss-error.ts';
import type { Blobs } from './storage/blobs.ts';
import { createNoRecords } from './storage/records.ts';
import {
  type Bucket,
  createEmptyBucket,
  type IdGenerator,
  type OssState,
  type Records,
} from './storage/state.ts';
import type { OssClock, OssCredentials, OssRequest, OssResponse, OssTarget } from './types.ts';

/** The options of {@link createOssModel}. */
export interface OssModelOptions {
  /** The region that signatures must name, without `oss-`: `cn-hangzhou`. */
  readonly region: string;
  /** The names of buckets to create, unless `restoredBuckets` has them. */
  readonly buckets: readonly string[];
  /** The access keys that may sign. */
  readonly credentials: OssCredentials | readonly OssCredentials[];
  /** The clock for signatures, dates and lifecycle rules. */
  readonly clock: OssClock;
  /** The store for the bytes of objects and parts. */
  readonly blobs: Blobs;
  /** Persists the state. Default: it is not persisted. */
  readonly records?: Records;
  /** Buckets of an earlier model, as `loadBuckets` returns them. Default: none. */
  readonly restoredBuckets?: readonly Bucket[];
  /** Custom domains: lower-case host to bucket. Default: none. */
  readonly cnames?: Readonly<Record<string, string>>;
  /** Sends upload callbacks. Default: nothing is sent, and the reply is `{"Status":"OK"}`. */
  readonly sendCallback?: SendCallback;
  /** Checks the URLs of a callback before anything is stored. Default: all are allowed. */
  readonly allowCallback?: AllowCallback;
  /** Generates request, upload and version IDs. Default: random ones. */
  readonly ids?: IdGenerator;
  /**
   * Called with an error that is a bug of the emulator; the response is then 500 `InternalError`. Default:
   * `handle` rejects with the error.
   */
  readonly onInternalError?: (reason: unknown) => void;
}

/** An OSS without a socket: state, and one function from a request to its response. */
export interface OssModel extends OssInspection {
  /** Carries out a request. An error of OSS is a response, not a rejection. */
  handle(request: OssRequest): Promise<OssResponse>;
  /**
   * Reads the operation, bucket, key and part of a request, without checking its signature.
   *
   * @throws OssError If the host, path or query cannot be decoded.
   */
  identify(request: OssRequest): OssTarget;
  /** Replaces the access keys that may sign. */
  putCredentials(credentials: OssCredentials | readonly OssCredentials[]): void;
}

/**
 * Creates a model of OSS. It takes the time from `clock` alone and uses no timers. With blobs in memory a
 * request is handled in microtasks, so that simulations can run on a virtual clock.
 *
 * @param options The region, buckets, credentials, clock and stores.
 */
export function createOssModel(options: OssModelOptions): OssModel {
  const { region, cnames = {}, ids = randomIds } = options;
  const now = (): number => options.clock.now();
  const buckets = new Map((options.restoredBuckets ?? []).map((bucket) => [bucket.name, bucket]));
  for (const name of options.buckets)
    if (!buckets.has(name)) buckets.set(name, createEmptyBucket(name, now()));
  const records = options.records ?? createNoRecords();
  const state: OssState = { region, buckets, blobs: options.blobs, records, now, ids };
  const callbacks = createCallbacks(
    options.sendCallback ?? acceptCallback,
    options.allowCallback ?? (() => Promise.resolve()),
  );
  let credentials = [options.credentials].flat();

  const identify = (request: OssRequest): OssTarget => readTarget(request, { cnames, region });

  async function performRequest(request: OssRequest): Promise<OperationResponse> {
    const target = identify(request);
    if (target.operation !== 'OptionObject') {
      const signer = authenticate({ request, target, region, credentials, nowMs: now() });
      if (signer === 'anonymous') throw anonymousAccessError();
    }
    assertEndpoint(request, target, region);
    await applyLifecycle(state);
    return performOperation(state, callbacks, request, target);
  }

  function findCorsHeaders(request: OssRequest): Record<string, string> {
    try {
      const { bucket, operation } = identify(request);
      const found = buckets.get(bucket ?? '');
      return found === undefined || operation === 'OptionObject' ? {} : corsHeaders(found, request);
    } catch {
      // A host or path that cannot be decoded belongs to no bucket.
      return {};
    }
  }

  return {
    ...createInspection(state),
    identify,
    async handle(request) {
      const requestId = ids.requestId();
      const startedAt = now();
      const cors = findCorsHeaders(request);
      const common = (): Record<string, string> => ({
        ...commonHeaders(requestId, { startedAt, now: now() }),
        ...cors,
      });
      try {
        return toOssResponse(request, await performRequest(request), common());
      } catch (reason) {
        if (!(reason instanceof OssError)) {
          if (options.onInternalError === undefined) throw reason;
          options.onInternalError(reason);
        }
        const error = reason instanceof OssError ? reason : internalError();
        return toOssResponse(request, errorResponse(request, error, requestId), common());
      }
    },
    putCredentials(replacement) {
      credentials = [replacement].flat();
    },
  };
}

const randomIds: IdGenerator = {
  requestId: () => randomBytes(12).toString('hex').toUpperCase(),
  uploadId: () => randomBytes(16).toString('hex').toUpperCase(),
  versionId: () => randomBytes(32).toString('hex').toUpperCase(),
};

const acceptCallback: SendCallback = () => Promise.resolve({ status: 200, body: '{"Status":"OK"}' });

function commonHeaders(
  requestId: string,
  { startedAt, now }: { readonly startedAt: number; readonly now: number },
): Record<string, string> {
  return {
    Server: 'AliyunOSS',
    Date: new Date(now).toUTCString(),
    Connection: 'keep-alive',
    'x-oss-request-id': requestId,
    // Not negative, even if the clock was set back during the request.
    'x-oss-server-time': String(Math.max(0, Math.round(now - startedAt))),
  };
}

function toOssResponse(
  request: OssRequest,
  response: OperationResponse,
  common: Readonly<Record<string, string>>,
): OssResponse {
  const headers = { ...common, ...response.headers };
  if (typeof response.body !== 'string') {
    return {
      status: response.status,
      headers,
      body: request.method === 'HEAD' ? new Uint8Array() : response.body,
    };
  }
  const body = Buffer.from(response.body);
  const hasLength = response.status !== 204 && response.status !== 304 && request.method !== 'HEAD';
  return {
    status: response.status,
    headers: hasLength ? { ...headers, 'Content-Length': String(body.length) } : headers,
    body,
  };
}

function errorResponse(request: OssRequest, error: OssError, requestId: string): OperationResponse {
  const ec = error.ec;
  const xml = writeXml('Error', [
    ['Code', error.code],
    ['Message', error.message],
    ['RequestId', requestId],
    ['HostId', getHeader(request, 'host') ?? ''],
    ...error.fields,
    ['EC', ec],
    ['RecommendDoc', ec === undefined ? undefined : `https://api.aliyun.com/troubleshoot?q=${ec}`],
  ]);
  const headers = ec === undefined ? {} : { 'x-oss-ec': ec };
  if (request.method === 'HEAD') {
    const inHeader = { 'x-oss-err': Buffer.from(xml).toString('base64') };
    return { status: error.status, headers: { ...headers, ...inHeader }, body: '' };
  }
  return { status: error.status, headers: { ...headers, 'Content-Type': 'application/xml' }, body: xml };
}
