import { isIP } from 'node:net';
import { OssError } from '../oss-error.ts';
import type { OssOperation, OssRequest, OssTarget } from '../types.ts';
import { headerOf, percentDecode } from './wire-text.ts';

export interface AddressingOptions {
  /** Host (lower case, without a port) to bucket, for custom domains bound to a bucket. */
  readonly cnames: Readonly<Record<string, string>>;
  /** Without a leading `oss-`: `cn-hangzhou`. */
  readonly region: string;
}

/**
 * Reads what a request is about: bucket, key and operation, in virtual-host, path or CNAME style. Nothing is
 * normalised: `//`, `.`, `..`, a leading and a trailing `/` belong to the key, as they do in OSS.
 */
export function readTarget(request: OssRequest, options: AddressingOptions): OssTarget {
  const questionMark = request.target.indexOf('?');
  const path = questionMark < 0 ? request.target : request.target.slice(0, questionMark);
  const query = questionMark < 0 ? [] : readQuery(request.target.slice(questionMark + 1));
  const { bucket, key } = readResource(headerOf(request, 'host') ?? '', path, options);
  const parameters = new Map(query);
  const partNumber = parameters.get('partNumber');
  return {
    operation: recognise({ request, bucket, key, parameters }),
    bucket,
    key,
    uploadId: parameters.get('uploadId'),
    partNumber: partNumber === undefined ? undefined : wholeNumber(partNumber),
    query,
  };
}

function readQuery(text: string): readonly (readonly [string, string])[] {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 0) return [decodeParameter(pair), ''];
      return [decodeParameter(pair.slice(0, equals)), decodeParameter(pair.slice(equals + 1))];
    });
}

/** A literal `+` stays a `+`: OSS.md 2.3 says only that nobody should send one. */
function decodeParameter(text: string): string {
  const decoded = percentDecode(text);
  if (decoded !== undefined) return decoded;
  throw new OssError({
    status: 400,
    code: 'InvalidArgument',
    message: 'A query parameter is not percent-encoded UTF-8.',
    fields: [['ArgumentValue', text]],
  });
}

interface Resource {
  readonly bucket: string | undefined;
  readonly key: string | undefined;
}

function readResource(host: string, path: string, { cnames, region }: AddressingOptions): Resource {
  const hostname = withoutPort(host.toLowerCase());
  const resource = path.startsWith('/') ? path.slice(1) : '';
  const bucketOfHost = Object.hasOwn(cnames, hostname) ? cnames[hostname] : bucketLabel(hostname, region);
  if (bucketOfHost !== undefined && !isNamedTwice(hostname, bucketOfHost, resource)) {
    return { bucket: bucketOfHost, key: decodeKey(resource) };
  }
  if (resource === '') return { bucket: undefined, key: undefined };
  const slash = resource.indexOf('/');
  if (slash < 0) return { bucket: decodeBucket(resource), key: undefined };
  return { bucket: decodeBucket(resource.slice(0, slash)), key: decodeKey(resource.slice(slash + 1)) };
}

/**
 * ali-oss with `sldEnable` and an IP for its endpoint writes the bucket into the path and, all the same, into
 * a Host of aliyuncs.com; it signs for the path. The price: behind such a Host no key can begin with its
 * bucket's own name.
 */
function isNamedTwice(hostname: string, bucket: string, resource: string): boolean {
  const isRepeated = resource === bucket || resource.startsWith(`${bucket}/`);
  return isRepeated && hostname.endsWith('.aliyuncs.com');
}

function withoutPort(host: string): string {
  return host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '');
}

/**
 * `undefined` where the host names no bucket: an IP, a single label, a service endpoint. Those are path
 * style.
 */
function bucketLabel(hostname: string, region: string): string | undefined {
  if (isIP(hostname) !== 0 || isServiceHost(hostname, region)) return undefined;
  const dot = hostname.indexOf('.');
  return dot <= 0 ? undefined : hostname.slice(0, dot);
}

function isServiceHost(hostname: string, region: string): boolean {
  const dualStack = [`${region}.oss.aliyuncs.com`, `${region}-internal.oss.aliyuncs.com`];
  return dualStack.includes(hostname) || /^oss-[a-z0-9-]+\.aliyuncs\.com$/.test(hostname);
}

function decodeBucket(text: string): string {
  const decoded = percentDecode(text);
  if (decoded !== undefined) return decoded;
  const message = 'The specified bucket is not valid.';
  const fields = [['BucketName', text]] as const;
  throw new OssError({ status: 400, code: 'InvalidBucketName', message, ec: '0015-00000001', fields });
}

function decodeKey(text: string): string | undefined {
  if (text === '') return undefined;
  const decoded = percentDecode(text);
  if (decoded !== undefined) return decoded;
  throw new OssError({
    status: 400,
    code: 'InvalidObjectName',
    message: 'The specified object is not valid.',
  });
}

/** `NaN` for anything but digits, so that `0x10` and `1e3` are not taken for part numbers. */
function wholeNumber(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

interface Asked extends Resource {
  readonly request: OssRequest;
  readonly parameters: ReadonlyMap<string, string>;
}

function recognise({ request, bucket, key, parameters }: Asked): OssOperation {
  if (request.method === 'OPTIONS') return 'OptionObject';
  const level = bucket === undefined ? 'service' : key === undefined ? 'bucket' : 'object';
  const row = OPERATIONS.find(
    ({ on, method, has, header }) =>
      on === level &&
      method === request.method &&
      (has === undefined || parameters.has(has)) &&
      (header === undefined || headerOf(request, header) !== undefined),
  );
  if (row === undefined) return 'Unknown';
  const isOther = OTHER_SUBRESOURCES.some((name) => name !== row.has && parameters.has(name));
  return isOther ? 'Unknown' : row.operation;
}

interface OperationRow {
  readonly on: 'service' | 'bucket' | 'object';
  readonly method: string;
  /** A query parameter that must be there. */
  readonly has?: string;
  /** A header that must be there. */
  readonly header?: string;
  readonly operation: OssOperation;
}

/** First match wins. A half-given pair of uploadId and partNumber is UploadPart's to refuse. */
const OPERATIONS: readonly OperationRow[] = [
  { on: 'object', method: 'POST', has: 'uploads', operation: 'InitiateMultipartUpload' },
  { on: 'object', method: 'POST', has: 'uploadId', operation: 'CompleteMultipartUpload' },
  { on: 'object', method: 'PUT', has: 'uploadId', header: 'x-oss-copy-source', operation: 'UploadPartCopy' },
  { on: 'object', method: 'PUT', has: 'uploadId', operation: 'UploadPart' },
  { on: 'object', method: 'PUT', has: 'partNumber', operation: 'UploadPart' },
  { on: 'object', method: 'PUT', header: 'x-oss-copy-source', operation: 'CopyObject' },
  { on: 'object', method: 'PUT', operation: 'PutObject' },
  { on: 'object', method: 'GET', has: 'uploadId', operation: 'ListParts' },
  { on: 'object', method: 'GET', has: 'acl', operation: 'GetObjectAcl' },
  { on: 'object', method: 'GET', operation: 'GetObject' },
  { on: 'object', method: 'HEAD', has: 'objectMeta', operation: 'GetObjectMeta' },
  { on: 'object', method: 'HEAD', operation: 'HeadObject' },
  { on: 'object', method: 'DELETE', has: 'uploadId', operation: 'AbortMultipartUpload' },
  { on: 'object', method: 'DELETE', operation: 'DeleteObject' },
  { on: 'bucket', method: 'GET', has: 'uploads', operation: 'ListMultipartUploads' },
  { on: 'bucket', method: 'GET', has: 'bucketInfo', operation: 'GetBucketInfo' },
  { on: 'bucket', method: 'GET', has: 'location', operation: 'GetBucketLocation' },
  { on: 'bucket', method: 'GET', has: 'acl', operation: 'GetBucketAcl' },
  { on: 'bucket', method: 'GET', has: 'versioning', operation: 'GetBucketVersioning' },
  { on: 'bucket', method: 'GET', has: 'cors', operation: 'GetBucketCors' },
  { on: 'bucket', method: 'GET', has: 'lifecycle', operation: 'GetBucketLifecycle' },
  { on: 'bucket', method: 'GET', has: 'list-type', operation: 'ListObjectsV2' },
  { on: 'bucket', method: 'GET', operation: 'ListObjects' },
  { on: 'bucket', method: 'HEAD', operation: 'HeadBucket' },
  { on: 'bucket', method: 'PUT', has: 'cors', operation: 'PutBucketCors' },
  { on: 'bucket', method: 'PUT', has: 'lifecycle', operation: 'PutBucketLifecycle' },
  { on: 'bucket', method: 'PUT', has: 'versioning', operation: 'PutBucketVersioning' },
  { on: 'bucket', method: 'PUT', operation: 'PutBucket' },
  { on: 'bucket', method: 'DELETE', has: 'cors', operation: 'DeleteBucketCors' },
  { on: 'bucket', method: 'DELETE', has: 'lifecycle', operation: 'DeleteBucketLifecycle' },
  { on: 'bucket', method: 'DELETE', operation: 'DeleteBucket' },
  { on: 'bucket', method: 'POST', has: 'delete', operation: 'DeleteMultipleObjects' },
  { on: 'service', method: 'GET', operation: 'ListBuckets' },
];

/** Every operation there is, for those who name one. */
export const OPERATION_NAMES: ReadonlySet<string> = new Set([
  ...OPERATIONS.map(({ operation }) => operation),
  'OptionObject',
  'Unknown',
]);

/**
 * Sub-resources that turn a request into another operation: `PUT /key?acl` must never overwrite an object.
 */
const OTHER_SUBRESOURCES: readonly string[] = [
  'acl cors lifecycle location bucketInfo versioning versions uploads objectMeta delete append symlink',
  'tagging restore seal x-oss-async-process policy referer website logging encryption replication worm',
  'inventory stat tags requestPayment transferAcceleration accessmonitor resourceGroup metaQuery cname style',
  'styleName live vod status qos publicAccessBlock',
].flatMap((names) => names.split(' '));
