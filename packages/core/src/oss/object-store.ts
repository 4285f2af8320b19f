import { callbackHeaders } from '../callback.ts';
import type { ErrorContext } from '../errors.ts';
import type {
  CompletedUpload,
  ListedUpload,
  ObjectHead,
  ObjectStore,
  StoreCompleteRequest,
  StoreListPartsRequest,
  StoreObjectRequest,
} from '../object-store-port.ts';
import type { ListedPart } from '../ports.ts';
import { readCompleteResponse } from './complete-response.ts';
import type { OssResponse } from './error-response.ts';
import { parseInstant } from './instant.ts';
import { assertKey, assertUpload } from './key.ts';
import { LIST_PAGE_MAX, LIST_PAGES_MAX } from './limits.ts';
import { isObjectAbsent, readHead, versionQuery } from './object-head.ts';
import { aclHeader, forbidOverwriteHeader, objectHeaders } from './object-headers.ts';
import { type PresignRequest, presign, presignParts } from './signing/presign.ts';
import {
  parseCrc64,
  readInitiateResult,
  readListPartsResult,
  readListUploadsResult,
  unexpectedResponseError,
  writeComplete,
} from './xml.ts';

/** One request to OSS, before it is signed. */
export interface OssOperation {
  /** The HTTP method. */
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Empty for the bucket itself. */
  readonly key: string;
  /** Parameters of the URL. `''` is a bare name. */
  readonly query: Readonly<Record<string, string | number>>;
  /** Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** XML. Default: no body. */
  readonly body?: string;
  /** Facts for its errors. */
  readonly context: OssOperationContext;
  /** Stops the request. */
  readonly signal: AbortSignal | undefined;
}

/** Facts for the errors of an operation. */
export interface OssOperationContext extends ErrorContext {
  /** The name of the operation, such as `ListParts`. */
  readonly operation: string;
}

/** Signs and sends: with `fetch`, or with another client of OSS. */
export interface OssWire {
  /** The name of the bucket. */
  readonly bucket: string;
  /**
   * Signs and sends once, without following redirects, and without a Content-Type of its own. Rejects with
   * the error that `responseError` returns for the response, if any.
   */
  send(operation: OssOperation): Promise<OssResponse>;
  /** The credentials, the site and the time to sign a URL with now. */
  getUrlSigningOptions(): Promise<UrlSigningOptions>;
}

/** The credentials, the site and the time of a URL's signature. */
export interface UrlSigningOptions
  extends Omit<PresignRequest, 'method' | 'key' | 'query' | 'headers' | 'additionalHeaders' | 'now'> {
  /** By the clock of OSS, in milliseconds since the epoch. */
  readonly now: number;
  /** How many ms the clock of OSS is ahead of the caller's. */
  readonly skewMs: number;
}

/** The operations of an {@link ObjectStore}: creates the requests and reads the responses. */
export function createObjectStore(wire: OssWire): ObjectStore {
  const { bucket, send } = wire;
  return {
    bucket,
    async initiate({ key, object, signal }) {
      assertKey(key);
      const context = { operation: 'InitiateMultipartUpload', bucket, key };
      const query = { uploads: '', 'encoding-type': 'url' };
      const headers = objectHeaders(object);
      const response = await send({ method: 'POST', key, query, headers, context, signal });
      return readInitiateResult(response.body, contextOf(context, response));
    },
    async presign({ afterRefusal = false, signal, ...request }) {
      assertKey(request.key);
      const { skewMs, credentials, now, ...site } = await getFreshSigningOptions(
        wire,
        request.key,
        afterRefusal,
        signal,
      );
      const presigned = presign({ credentials, now, ...site, ...request });
      return { ...presigned, expiresAt: presigned.expiresAt - skewMs };
    },
    async presignParts({ afterRefusal = false, signal, ...request }) {
      assertUpload(request.key, request.uploadId);
      const { skewMs, credentials, now, ...site } = await getFreshSigningOptions(
        wire,
        request.key,
        afterRefusal,
        signal,
      );
      const presigned = presignParts({ credentials, now, ...site, ...request });
      return presigned.map(({ partNumber, method, url, headers, expiresAt }) => {
        return { partNumber, method, url, headers, expiresAt: expiresAt - skewMs };
      });
    },
    listParts: (request) => listParts(wire, request),
    complete: (request) => complete(wire, request),
    async abort({ key, uploadId, signal }) {
      assertUpload(key, uploadId);
      const context = { operation: 'AbortMultipartUpload', bucket, key, uploadId };
      await send({ method: 'DELETE', key, query: { uploadId }, context, signal });
    },
    head: (request) => head(wire, request),
    async delete({ key, versionId, signal }) {
      assertKey(key);
      const context = { operation: 'DeleteObject', bucket, key };
      await send({ method: 'DELETE', key, query: versionQuery(versionId), context, signal });
    },
    listUploads: ({ prefix = '', signal }) => listUploads(wire, prefix, signal),
  };
}

async function getFreshSigningOptions(
  wire: OssWire,
  key: string,
  afterRefusal: boolean,
  signal: AbortSignal | undefined,
): Promise<UrlSigningOptions> {
  // The result does not matter: `send` has then corrected the clock, and removed expired credentials.
  if (afterRefusal) await head(wire, { key, signal }).catch(() => undefined);
  return wire.getUrlSigningOptions();
}

async function listParts(
  { bucket, send }: OssWire,
  { key, uploadId, partNumber, signal }: StoreListPartsRequest,
): Promise<readonly ListedPart[]> {
  assertUpload(key, uploadId);
  const context = { operation: 'ListParts', bucket, key, uploadId };
  const parts: ListedPart[] = [];
  let marker = partNumber === undefined ? undefined : String(partNumber - 1);
  for (let page = 1; page <= LIST_PAGES_MAX; page++) {
    const query = {
      uploadId,
      'max-parts': partNumber === undefined ? LIST_PAGE_MAX : 1,
      'encoding-type': 'url',
      ...(marker !== undefined && { 'part-number-marker': marker }),
    };
    const response = await send({ method: 'GET', key, query, context, signal });
    const { parts: more, next } = readListPartsResult(response.body, contextOf(context, response));
    if (partNumber !== undefined) return more.filter((part) => part.partNumber === partNumber);
    for (const part of more) {
      if (part.partNumber <= (parts.at(-1)?.partNumber ?? 0)) {
        throw unexpectedResponseError('has parts out of order', contextOf(context, response));
      }
      parts.push(part);
    }
    if (next === undefined) return parts;
    marker = next.partNumberMarker;
  }
  throw unexpectedResponseError(`has more than ${LIST_PAGES_MAX} pages`, context);
}

async function listUploads(
  { bucket, send }: OssWire,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<readonly ListedUpload[]> {
  const context = { operation: 'ListMultipartUploads', bucket };
  const uploads: ListedUpload[] = [];
  let marker: { readonly 'key-marker'?: string; readonly 'upload-id-marker'?: string } = {};
  for (let page = 1; page <= LIST_PAGES_MAX; page++) {
    const query = {
      uploads: '',
      'max-uploads': LIST_PAGE_MAX,
      'encoding-type': 'url',
      ...(prefix !== '' && { prefix }),
      ...marker,
    };
    const response = await send({ method: 'GET', key: '', query, context, signal });
    const { uploads: more, next } = readListUploadsResult(response.body, contextOf(context, response));
    const listedAt = parseInstant(response.headers.date);
    for (const upload of more) uploads.push({ ...upload, listedAt });
    if (next === undefined) return uploads;
    if (next.keyMarker === marker['key-marker'] && next.uploadIdMarker === marker['upload-id-marker']) {
      throw unexpectedResponseError('names the same page as the next', contextOf(context, response));
    }
    marker = { 'key-marker': next.keyMarker, 'upload-id-marker': next.uploadIdMarker };
  }
  throw unexpectedResponseError(`has more than ${LIST_PAGES_MAX} pages`, context);
}

async function complete(
  { bucket, send }: OssWire,
  { key, uploadId, parts, acl, forbidOverwrite, callback, signal }: StoreCompleteRequest,
): Promise<CompletedUpload> {
  assertUpload(key, uploadId);
  const context = { operation: 'CompleteMultipartUpload', bucket, key, uploadId };
  const query = { uploadId, 'encoding-type': 'url' };
  const headers = {
    ...aclHeader(acl),
    ...forbidOverwriteHeader(forbidOverwrite),
    ...callbackHeaders(callback),
  };
  const body = writeComplete(parts);
  const response = await send({ method: 'POST', key, query, headers, body, context, signal });
  const responseHeaders: Readonly<Record<string, string | undefined>> = response.headers;
  return {
    ...readCompleteResponse(response, callback !== undefined, contextOf(context, response)),
    crc64: parseCrc64(responseHeaders['x-oss-hash-crc64ecma']),
    versionId: responseHeaders['x-oss-version-id'],
    requestId: responseHeaders['x-oss-request-id'] ?? '',
  };
}

async function head(
  { bucket, send }: OssWire,
  { key, versionId, signal }: StoreObjectRequest,
): Promise<ObjectHead | undefined> {
  assertKey(key);
  const context = { operation: 'HeadObject', bucket, key };
  const query = versionQuery(versionId);
  const response = await send({ method: 'HEAD', key, query, context, signal }).catch((reason: unknown) => {
    // A missing bucket is an error, not a missing object.
    if (isObjectAbsent(reason)) return undefined;
    throw reason;
  });
  return response === undefined ? undefined : readHead(response.headers, contextOf(context, response));
}

function contextOf(context: ErrorContext, { status, headers }: OssResponse): ErrorContext {
  const requestId: string | undefined = headers['x-oss-request-id'];
  return { status, ...(requestId !== undefined && { requestId }), ...context };
}
