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
import { readCompleteAnswer } from './complete-response.ts';
import type { OssAnswer } from './error-response.ts';
import { parseInstant } from './instant.ts';
import { assertKey, assertUpload } from './key.ts';
import { LIST_PAGE_MAX, LIST_PAGES_MAX } from './limits.ts';
import { isAbsent, readHead, versionQuery } from './object-head.ts';
import { aclHeader, forbidOverwriteHeader, objectHeaders } from './object-headers.ts';
import { type PresignRequest, presign, presignParts } from './signing/presign.ts';
import {
  crc64Of,
  malformedAnswer,
  readInitiateResult,
  readListPartsResult,
  readListUploadsResult,
  writeComplete,
} from './xml.ts';

/** One request to OSS, before it is signed. */
export interface OssOperation {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Empty for the bucket itself. */
  readonly key: string;
  /** `''` is a bare name. */
  readonly query: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** XML. */
  readonly body?: string;
  readonly context: ErrorContext & { readonly operation: string };
  readonly signal: AbortSignal | undefined;
}

/** What signs and sends: by `fetch`, or by somebody else's client. */
export interface OssWire {
  readonly bucket: string;
  /**
   * Signs and sends once, follows no redirect, adds no Content-Type. Resolves for an answer in which
   * `errorIn` finds no error, and rejects with that error otherwise.
   */
  send(operation: OssOperation): Promise<OssAnswer>;
  /** By whose credentials, for which site, and at what instant a URL is to be signed now. */
  urlTerms(): Promise<UrlTerms>;
}

export interface UrlTerms
  extends Omit<PresignRequest, 'method' | 'key' | 'query' | 'headers' | 'additionalHeaders' | 'now'> {
  /** By the clock of OSS, which is `skewMs` ahead of the caller's. */
  readonly now: number;
  readonly skewMs: number;
}

/** The operations of an {@link ObjectStore}: what to send, and how to read what comes back. */
export function createObjectStore(wire: OssWire): ObjectStore {
  const { bucket, send } = wire;
  return {
    bucket,
    async initiate({ key, object, signal }) {
      assertKey(key);
      const context = { operation: 'InitiateMultipartUpload', bucket, key };
      const query = { uploads: '', 'encoding-type': 'url' };
      const headers = objectHeaders(object);
      const answer = await send({ method: 'POST', key, query, headers, context, signal });
      return readInitiateResult(answer.body, contextOf(context, answer));
    },
    async presign({ afterRefusal = false, signal, ...request }) {
      assertKey(request.key);
      const { skewMs, credentials, now, ...site } = await urlTerms(wire, request.key, afterRefusal, signal);
      const presigned = presign({ credentials, now, ...site, ...request });
      return { ...presigned, expiresAt: presigned.expiresAt - skewMs };
    },
    async presignParts({ afterRefusal = false, signal, ...request }) {
      assertUpload(request.key, request.uploadId);
      const { skewMs, credentials, now, ...site } = await urlTerms(wire, request.key, afterRefusal, signal);
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

async function urlTerms(
  wire: OssWire,
  key: string,
  afterRefusal: boolean,
  signal: AbortSignal | undefined,
): Promise<UrlTerms> {
  // Whatever it answers: `send` has then learnt the time, and let go of credentials that OSS calls dead.
  if (afterRefusal) await head(wire, { key, signal }).catch(() => undefined);
  return wire.urlTerms();
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
    const answer = await send({ method: 'GET', key, query, context, signal });
    const { parts: more, next } = readListPartsResult(answer.body, contextOf(context, answer));
    if (partNumber !== undefined) return more.filter((part) => part.partNumber === partNumber);
    for (const part of more) {
      if (part.partNumber <= (parts.at(-1)?.partNumber ?? 0)) {
        throw malformedAnswer('has parts out of order', contextOf(context, answer));
      }
      parts.push(part);
    }
    if (next === undefined) return parts;
    marker = next.partNumberMarker;
  }
  throw malformedAnswer(`goes on after ${LIST_PAGES_MAX} pages`, context);
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
    const answer = await send({ method: 'GET', key: '', query, context, signal });
    const { uploads: more, next } = readListUploadsResult(answer.body, contextOf(context, answer));
    const listedAt = parseInstant(answer.headers.date);
    for (const upload of more) uploads.push({ ...upload, listedAt });
    if (next === undefined) return uploads;
    if (next.keyMarker === marker['key-marker'] && next.uploadIdMarker === marker['upload-id-marker']) {
      throw malformedAnswer('names the same page as the next', contextOf(context, answer));
    }
    marker = { 'key-marker': next.keyMarker, 'upload-id-marker': next.uploadIdMarker };
  }
  throw malformedAnswer(`goes on after ${LIST_PAGES_MAX} pages`, context);
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
  const answer = await send({ method: 'POST', key, query, headers, body, context, signal });
  const answered: Readonly<Record<string, string | undefined>> = answer.headers;
  return {
    ...readCompleteAnswer(answer, callback !== undefined, contextOf(context, answer)),
    crc64: crc64Of(answered['x-oss-hash-crc64ecma']),
    versionId: answered['x-oss-version-id'],
    requestId: answered['x-oss-request-id'] ?? '',
  };
}

async function head(
  { bucket, send }: OssWire,
  { key, versionId, signal }: StoreObjectRequest,
): Promise<ObjectHead | undefined> {
  assertKey(key);
  const context = { operation: 'HeadObject', bucket, key };
  const query = versionQuery(versionId);
  const answer = await send({ method: 'HEAD', key, query, context, signal }).catch((reason: unknown) => {
    // A bucket that does not exist is a mistake to be told, not an object that is absent.
    if (isAbsent(reason)) return undefined;
    throw reason;
  });
  return answer === undefined ? undefined : readHead(answer.headers, contextOf(context, answer));
}

function contextOf(context: ErrorContext, { status, headers }: OssAnswer): ErrorContext {
  const requestId: string | undefined = headers['x-oss-request-id'];
  return { status, ...(requestId !== undefined && { requestId }), ...context };
}
