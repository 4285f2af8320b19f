import type { SinkRequest } from './requests.ts';

/** CRC64s by part number (`whole` for an object) and size, as in `3:8388608`. The sink computes none. */
export type Crc64Table = Readonly<Record<string, string>>;

export interface StoredPart {
  readonly partNumber: number;
  readonly size: number;
  readonly crc64: string;
}

export interface SinkResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The response of OSS or S3, without a check of signatures or bytes. */
export interface FakeOss {
  respond(request: SinkRequest): SinkResponse;
  /** Adds an upload with these parts, as if they had been sent. */
  addUpload(uploadId: string, parts: readonly StoredPart[]): void;
}

export function createFakeOss(crc64s: Crc64Table): FakeOss {
  const uploads = new Map<string, Map<number, StoredPart>>();
  const objects = new Map<string, Record<string, string>>();
  let uploadCount = 0;

  function findParts(uploadId: string): Map<number, StoredPart> {
    const parts = uploads.get(uploadId) ?? new Map<number, StoredPart>();
    uploads.set(uploadId, parts);
    return parts;
  }

  function putPart(uploadId: string, partNumber: number, size: number): SinkResponse {
    const crc64 = crc64s[`${partNumber}:${size}`] ?? '0';
    findParts(uploadId).set(partNumber, { partNumber, size, crc64 });
    return okResponse({ etag: etagOf(partNumber), 'x-oss-hash-crc64ecma': crc64 });
  }

  function putObject({ path, headers, bodySize }: SinkRequest): SinkResponse {
    const stored = { etag: etagOf(0), 'x-oss-hash-crc64ecma': crc64s[`whole:${bodySize}`] ?? '0' };
    const metadata = [...headers].filter(([name]) => name.startsWith('x-oss-meta-'));
    objects.set(path, { ...Object.fromEntries(metadata), ...stored, 'content-length': String(bodySize) });
    return okResponse(stored);
  }

  function complete(uploadId: string): SinkResponse {
    const size = [...findParts(uploadId).values()].reduce((sum, part) => sum + part.size, 0);
    uploads.delete(uploadId);
    const body = `<CompleteMultipartUploadResult><ETag>${etagOf(0)}</ETag></CompleteMultipartUploadResult>`;
    return okResponse({ 'x-oss-hash-crc64ecma': crc64s[`whole:${size}`] ?? '0' }, body);
  }

  return {
    respond(request) {
      const { method, path, query, bodySize } = request;
      const uploadId = query.get('uploadId');
      const partNumber = query.get('partNumber');
      if (method === 'PUT') {
        return uploadId === null ? putObject(request) : putPart(uploadId, Number(partNumber), bodySize);
      }
      if (query.has('uploads')) return initiateResponse(`upload-${++uploadCount}`);
      if (method === 'HEAD') return headResponse(objects.get(path));
      if (uploadId === null) return { status: 400, headers: {}, body: errorBody('NotImplemented') };
      if (method === 'GET') return listPartsResponse([...findParts(uploadId).values()], query);
      return method === 'POST' ? complete(uploadId) : { status: 204, headers: {}, body: '' };
    },
    addUpload(uploadId, parts) {
      uploads.set(uploadId, new Map(parts.map((part) => [part.partNumber, part])));
    },
  };
}

function okResponse(headers: Readonly<Record<string, string>>, body = ''): SinkResponse {
  return { status: 200, headers, body };
}

function headResponse(object: Readonly<Record<string, string>> | undefined): SinkResponse {
  if (object === undefined) return { status: 404, headers: {}, body: '' };
  return okResponse({ ...object, 'last-modified': new Date().toUTCString() });
}

function initiateResponse(uploadId: string): SinkResponse {
  const body = `<UploadId>${uploadId}</UploadId>`;
  return okResponse({}, `<InitiateMultipartUploadResult>${body}</InitiateMultipartUploadResult>`);
}

/** One page of ListParts, of the size that OSS uses. */
function listPartsResponse(parts: readonly StoredPart[], query: URLSearchParams): SinkResponse {
  const after = Number(query.get('part-number-marker') ?? 0);
  const rest = parts.filter((part) => part.partNumber > after).sort((a, b) => a.partNumber - b.partNumber);
  const page = rest.slice(0, Number(query.get('max-parts') ?? 1000));
  const elements = page.map(
    ({ partNumber, size, crc64 }) =>
      `<Part><PartNumber>${partNumber}</PartNumber><LastModified>2026-01-01T00:00:00.000Z</LastModified>` +
      `<ETag>${etagOf(partNumber)}</ETag><HashCrc64ecma>${crc64}</HashCrc64ecma><Size>${size}</Size></Part>`,
  );
  const next = `<NextPartNumberMarker>${page.at(-1)?.partNumber ?? 0}</NextPartNumberMarker>`;
  const isTruncated = `<IsTruncated>${page.length < rest.length}</IsTruncated>`;
  return okResponse({}, `<ListPartsResult>${next}${isTruncated}${elements.join('')}</ListPartsResult>`);
}

/** The response of a server above its rate limit. */
export const TOO_MANY_REQUESTS: SinkResponse = {
  status: 503,
  headers: {},
  body: errorBody('RequestRateLimitExceeded'),
};

function errorBody(code: string): string {
  return `<Error><Code>${code}</Code><Message>refused by the sink</Message></Error>`;
}

function etagOf(partNumber: number): string {
  return `"${partNumber.toString(16).toUpperCase().padStart(32, '0')}"`;
}
