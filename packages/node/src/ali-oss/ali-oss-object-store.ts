import { networkError, rejectOnAbort } from '@partway/core/internal';
import {
  createObjectStore,
  createOssClock,
  type OssClock,
  type OssOperation,
  type OssResponse,
  responseError,
} from '@partway/core/oss';
import type { ObjectStore } from '@partway/core/ports';
import { createAliOssCredentials, type RawClient } from './ali-oss-credentials.ts';

/**
 * A client of `ali-oss` 6. Only two of its methods are declared, to distinguish it from other objects: so the
 * type declarations of `ali-oss` are not required.
 */
export interface AliOssClient {
  /** Selects the bucket. Partway does not call it. */
  useBucket(name: string): unknown;
  /** Initiates a multipart upload. Partway does not call it. */
  initMultipartUpload(name: string): Promise<{
    /** The ID of the upload. */
    readonly uploadId: string;
  }>;
}

/**
 * Makes an {@link ObjectStore} of an existing client of `ali-oss`, with its credentials, endpoint, agents and
 * timeouts. Throws a `TypeError` for a client without a bucket or without `authorizationV4: true`.
 *
 * Only the client's method `request` is used, which signs and sends. Its other methods treat an error in a
 * response of 200 as success, a single part as an empty list, and a missing bucket as a missing object;
 * `abortMultipartUpload` aborts every upload of the client. The client's own retries and renewal of STS
 * tokens are disabled here. Partway signs URLs itself. When a signal is aborted, the call rejects, but the
 * request continues: the client cannot cancel it.
 */
export function createAliOssObjectStore(client: AliOssClient): ObjectStore {
  const { raw, bucket } = checkClient(client);
  const clock = createOssClock({ now: Date.now });
  const credentials = createAliOssCredentials(raw);
  const rawWithoutRetries = withoutRetries(raw, clock);
  return createObjectStore({
    bucket,
    async send(operation) {
      const { signal, context } = operation;
      const current = await rejectOnAbort(() => credentials.load(), signal);
      const response = await rejectOnAbort(() => sendRequest(rawWithoutRetries, bucket, operation), signal);
      const error = responseError(response, context);
      if (error?.code === 'clock_skewed') clock.adjust(response);
      if (error?.code === 'credentials_expired') credentials.invalidate(current);
      if (error !== undefined) throw error;
      return response;
    },
    async getUrlSigningOptions() {
      const current = await credentials.load();
      return { ...getSite(raw, bucket), credentials: current, now: clock.now(), skewMs: clock.skewMs() };
    },
  });
}

function checkClient(client: object): { readonly raw: RawClient; readonly bucket: string } {
  if (!isRawClient(client)) throw new TypeError('client must be a client of ali-oss 6');
  const { bucket, authorizationV4 } = client.options;
  if (typeof bucket !== 'string' || bucket === '') throw new TypeError('client must have the option bucket');
  if (authorizationV4 !== true) {
    throw new TypeError('client must have the option authorizationV4: true, which new regions require');
  }
  return { raw: client, bucket };
}

function isRawClient(client: object): client is RawClient {
  return 'request' in client && typeof client.request === 'function' && 'options' in client;
}

/** The same client without its own retries and renewal of tokens. Properties set on it reach the client. */
function withoutRetries(raw: RawClient, clock: OssClock): RawClient {
  const options = new Proxy(raw.options, {
    get(target, name) {
      if (name === 'retryMax') return 0;
      if (name === 'refreshSTSToken') return null;
      if (name === 'amendTimeSkewed') return clock.skewMs();
      return Reflect.get(target, name);
    },
  });
  return new Proxy(raw, {
    get: (target, name) => (name === 'options' ? options : Reflect.get(target, name)),
  });
}

async function sendRequest(raw: RawClient, bucket: string, operation: OssOperation): Promise<OssResponse> {
  const { method, key, query, headers, body, context } = operation;
  try {
    const response = await raw.request({
      method,
      bucket,
      ...(key !== '' && { object: key }),
      // In `query` an empty value would be signed as `name=`.
      subres: query,
      headers: { ...headers, ...(body !== undefined && { 'Content-Type': 'application/xml' }) },
      // An unknown type: otherwise the client adds one by the extension of the key.
      mime: 'none',
      ...(body !== undefined && { content: body }),
    });
    const { status, data } = response;
    const pairs = Object.entries(response.headers).map(([name, value]) => [
      name.toLowerCase(),
      String(value),
    ]);
    return { status, headers: Object.fromEntries(pairs), body: data ? Buffer.from(data).toString() : '' };
  } catch (reason) {
    // Neither the error nor its message is kept: both contain the URL and the headers.
    const name = reason instanceof Error && /^\w{1,50}$/.test(reason.name) ? ` (${reason.name})` : '';
    throw networkError(`${context.operation} got no response from OSS${name}`, { context });
  }
}

function getSite(raw: RawClient, bucket: string) {
  const { region, endpoint, sldEnable, cname, cloudBoxId } = raw.options;
  return {
    bucket,
    region: cloudBoxId ?? region.replace(/^oss-/, ''),
    product: cloudBoxId === undefined ? 'oss' : 'oss-cloudbox',
    endpoint: `${endpoint.protocol}//${endpoint.host}`,
    ...(sldEnable === true
      ? { addressing: 'path' as const }
      : cname === true && { addressing: 'cname' as const }),
  };
}
