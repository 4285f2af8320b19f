import { UploadError } from '@partway/core';
import { rejectOnAbort } from '@partway/core/internal';
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
 * A client of `ali-oss` 6, identified by two of its methods, so that users without ali-oss do not need its
 * type declarations.
 */
export interface AliOssClient {
  useBucket(name: string): unknown;
  initMultipartUpload(name: string): Promise<{ readonly uploadId: string }>;
}

/**
 * An {@link ObjectStore} over an `ali-oss` client you already hold: its credentials, endpoint, agents and
 * timeouts. Of its methods only `request` is used, which signs and sends. The others mistake an error in an
 * response of 200 for success, a single part for no list, and a missing bucket for a missing object;
 * `abortMultipartUpload` stops every upload of the client. Its retries are off here, and so is its own
 * renewal of STS tokens, which reports a set as fresh before it has arrived. URLs are signed by Partway.
 * Where a signal is aborted the request continues unobserved, since the client cannot stop one.
 *
 * @throws TypeError for a client without a bucket, or without `authorizationV4: true`.
 */
export function createAliOssObjectStore(client: AliOssClient): ObjectStore {
  const { raw, bucket } = checked(client);
  const clock = createOssClock({ now: Date.now });
  const credentials = createAliOssCredentials(raw);
  const tamed = withoutRetries(raw, clock);
  return createObjectStore({
    bucket,
    async send(operation) {
      const set = await rejectOnAbort(() => credentials.current(), operation.signal);
      const answer = await rejectOnAbort(() => request(tamed, bucket, operation), operation.signal);
      const error = responseError(answer, operation.context);
      if (error?.code === 'clock_skewed') clock.adjust(answer);
      if (error?.code === 'credentials_expired') credentials.invalidate(set);
      if (error !== undefined) throw error;
      return answer;
    },
    async getUrlSigningOptions() {
      const set = await credentials.current();
      return { ...siteOf(raw, bucket), credentials: set, now: clock.now(), skewMs: clock.skewMs() };
    },
  });
}

function checked(client: object): { readonly raw: RawClient; readonly bucket: string } {
  if (!isRawClient(client)) throw new TypeError('client must be a client of ali-oss 6');
  const { bucket, authorizationV4 } = client.options;
  if (typeof bucket !== 'string' || bucket === '') throw new TypeError('client must have the option bucket');
  if (authorizationV4 !== true) {
    throw new TypeError('client must have the option authorizationV4: true, since new regions know no other');
  }
  return { raw: client, bucket };
}

function isRawClient(client: object): client is RawClient {
  return 'request' in client && typeof client.request === 'function' && 'options' in client;
}

/** The client without its own retries and renewals. Writes to it reach the client. */
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

async function request(tamed: RawClient, bucket: string, operation: OssOperation): Promise<OssResponse> {
  const { method, key, query, headers, body, context } = operation;
  try {
    const {
      status,
      headers: answered,
      data,
    } = await tamed.request({
      method,
      bucket,
      ...(key !== '' && { object: key }),
      // As `query` it would sign an empty value as `name=`.
      subres: query,
      headers: { ...headers, ...(body !== undefined && { 'Content-Type': 'application/xml' }) },
      // A type that does not exist: else one is added by the extension of the key.
      mime: 'none',
      ...(body !== undefined && { content: body }),
    });
    const texts = Object.entries(answered).map(([name, value]) => [name.toLowerCase(), String(value)]);
    return { status, headers: Object.fromEntries(texts), body: data ? Buffer.from(data).toString() : '' };
  } catch (reason) {
    // Neither its message nor the error itself is kept: both hold the URL and the headers.
    const name = reason instanceof Error && /^\w{1,50}$/.test(reason.name) ? ` (${reason.name})` : '';
    const message = `${context.operation} received no response from OSS${name}`;
    throw new UploadError({ code: 'network', message, disposition: 'transient', context });
  }
}

function siteOf(raw: RawClient, bucket: string) {
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
