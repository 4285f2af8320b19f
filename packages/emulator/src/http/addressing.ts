import { isIP } from 'node:net';
import {
  endpointMismatchError,
  invalidBucketNameError,
  invalidObjectNameError,
  secondLevelDomainForbiddenError,
} from '../errors.ts';
import { OssError } from '../oss-error.ts';
import type { OssOperation, OssRequest, OssTarget } from '../types.ts';
import { getHeader, percentDecode } from './wire-text.ts';

export interface AddressingOptions {
  /** Custom domains: host (lower case, without a port) to bucket. */
  readonly cnames: Readonly<Record<string, string>>;
  /** Without a leading `oss-`: `cn-hangzhou`. */
  readonly region: string;
}

/**
 * Reads the bucket, key and operation of a request, in virtual-host, path or CNAME style. Keys are not
 * normalised: `//`, `.`, `..`, a leading and a trailing `/` belong to the key, as in OSS.
 */
export function readTarget(request: OssRequest, options: AddressingOptions): OssTarget {
  const questionMark = request.target.indexOf('?');
  const path = questionMark < 0 ? request.target : request.target.slice(0, questionMark);
  const query = questionMark < 0 ? [] : readQuery(request.target.slice(questionMark + 1));
  const { bucket, key } = readResource(getHeader(request, 'host') ?? '', path, options);
  const parameters = new Map(query);
  const partNumber = parameters.get('partNumber');
  return {
    operation: identifyOperation({ request, bucket, key, parameters }),
    bucket,
    key,
    uploadId: parameters.get('uploadId'),
    partNumber: partNumber === undefined ? undefined : parsePartNumber(partNumber),
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

/** A literal `+` stays a `+`. OSS.md 2.3 only advises clients not to send one. */
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
  if (bucketOfHost !== undefined && !repeatsBucket(hostname, bucketOfHost, resource)) {
    return { bucket: bucketOfHost, key: decodeKey(resource) };
  }
  if (resource === '') return { bucket: undefined, key: undefined };
  const slash = resource.indexOf('/');
  if (slash < 0) return { bucket: decodeBucket(resource), key: undefined };
  return { bucket: decodeBucket(resource.slice(0, slash)), key: decodeKey(resource.slice(slash + 1)) };
}

/**
 * With `sldEnable` and an IP as endpoint, ali-oss writes the bucket into the path and also into a Host of
 * aliyuncs.com; it signs for the path. The cost: with such a Host a key cannot start with the bucket's name.
 */
function repeatsBucket(hostname: string, bucket: string, resource: string): boolean {
  const isRepeated = resource === bucket || resource.startsWith(`${bucket}/`);
  return isRepeated && hostname.endsWith('.aliyuncs.com');
}

function withoutPort(host: string): string {
  return host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '');
}

/**
 * `undefined` if the host has no bucket: an IP, a single label, a service endpoint. Then the request is path
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
  if (decoded === undefined) throw invalidBucketNameError(text);
  return decoded;
}

function decodeKey(text: string): string | undefined {
  if (text === '') return undefined;
  const decoded = percentDecode(text);
  if (decoded === undefined) throw invalidObjectNameError();
  return decoded;
}

/** `NaN` for anything but digits, so that `0x10` and `1e3` are not part numbers. */
function parsePartNumber(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

interface ResourceRequest extends Resource {
  readonly request: OssRequest;
  readonly parameters: ReadonlyMap<string, string>;
}

function identifyOperation({ request, bucket, key, parameters }: ResourceRequest): OssOperation {
  if (request.method === 'OPTIONS') return 'OptionObject';
  const level = bucket === undefined ? 'service' : key === undefined ? 'bucket' : 'object';
  const row = OPERATIONS.find(
    (candidate) =>
      candidate.level === level &&
      candidate.method === request.method &&
      (candidate.parameter === undefined || parameters.has(candidate.parameter)) &&
      (candidate.header === undefined || getHeader(request, candidate.header) !== undefined),
  );
  if (row === undefined) return 'Unknown';
  const isOtherOperation = OTHER_SUBRESOURCES.some((name) => name !== row.parameter && parameters.has(name));
  return isOtherOperation ? 'Unknown' : row.operation;
}

interface OperationRow {
  /** Whether the request has a bucket and a key. */
  readonly level: 'service' | 'bucket' | 'object';
  readonly method: string;
  /** A query parameter that must be present. Default: none. */
  readonly parameter?: string;
  /** A header that must be present. Default: none. */
  readonly header?: string;
  readonly operation: OssOperation;
}

/** The first match applies. A PUT with one of uploadId and partNumber alone is refused by UploadPart. */
const OPERATIONS: readonly OperationRow[] = [
  { level: 'object', method: 'POST', parameter: 'uploads', operation: 'InitiateMultipartUpload' },
  { level: 'object', method: 'POST', parameter: 'uploadId', operation: 'CompleteMultipartUpload' },
  {
    level: 'object',
    method: 'PUT',
    parameter: 'uploadId',
    header: 'x-oss-copy-source',
    operation: 'UploadPartCopy',
  },
  { level: 'object', method: 'PUT', parameter: 'uploadId', operation: 'UploadPart' },
  { level: 'object', method: 'PUT', parameter: 'partNumber', operation: 'UploadPart' },
  { level: 'object', method: 'PUT', header: 'x-oss-copy-source', operation: 'CopyObject' },
  { level: 'object', method: 'PUT', operation: 'PutObject' },
  { level: 'object', method: 'GET', parameter: 'uploadId', operation: 'ListParts' },
  { level: 'object', method: 'GET', parameter: 'acl', operation: 'GetObjectAcl' },
  { level: 'object', method: 'GET', operation: 'GetObject' },
  { level: 'object', method: 'HEAD', parameter: 'objectMeta', operation: 'GetObjectMeta' },
  { level: 'object', method: 'HEAD', operation: 'HeadObject' },
  { level: 'object', method: 'DELETE', parameter: 'uploadId', operation: 'AbortMultipartUpload' },
  { level: 'object', method: 'DELETE', operation: 'DeleteObject' },
  { level: 'bucket', method: 'GET', parameter: 'uploads', operation: 'ListMultipartUploads' },
  { level: 'bucket', method: 'GET', parameter: 'bucketInfo', operation: 'GetBucketInfo' },
  { level: 'bucket', method: 'GET', parameter: 'location', operation: 'GetBucketLocation' },
  { level: 'bucket', method: 'GET', parameter: 'acl', operation: 'GetBucketAcl' },
  { level: 'bucket', method: 'GET', parameter: 'versioning', operation: 'GetBucketVersioning' },
  { level: 'bucket', method: 'GET', parameter: 'cors', operation: 'GetBucketCors' },
  { level: 'bucket', method: 'GET', parameter: 'lifecycle', operation: 'GetBucketLifecycle' },
  { level: 'bucket', method: 'GET', parameter: 'list-type', operation: 'ListObjectsV2' },
  { level: 'bucket', method: 'GET', operation: 'ListObjects' },
  { level: 'bucket', method: 'HEAD', operation: 'HeadBucket' },
  { level: 'bucket', method: 'PUT', parameter: 'cors', operation: 'PutBucketCors' },
  { level: 'bucket', method: 'PUT', parameter: 'lifecycle', operation: 'PutBucketLifecycle' },
  { level: 'bucket', method: 'PUT', parameter: 'versioning', operation: 'PutBucketVersioning' },
  { level: 'bucket', method: 'PUT', operation: 'PutBucket' },
  { level: 'bucket', method: 'DELETE', parameter: 'cors', operation: 'DeleteBucketCors' },
  { level: 'bucket', method: 'DELETE', parameter: 'lifecycle', operation: 'DeleteBucketLifecycle' },
  { level: 'bucket', method: 'DELETE', operation: 'DeleteBucket' },
  { level: 'bucket', method: 'POST', parameter: 'delete', operation: 'DeleteMultipleObjects' },
  { level: 'service', method: 'GET', operation: 'ListBuckets' },
];

/** The names of all operations, for the check of fault rules. */
export const OPERATION_NAMES: ReadonlySet<string> = new Set([
  ...OPERATIONS.map(({ operation }) => operation),
  'OptionObject',
  'Unknown',
]);

/** Query parameters that make a request another operation: `PUT /key?acl` must never overwrite an object. */
const OTHER_SUBRESOURCES: readonly string[] = [
  'acl cors lifecycle location bucketInfo versioning versions uploads objectMeta delete append symlink',
  'tagging restore seal x-oss-async-process policy referer website logging encryption replication worm',
  'inventory stat tags requestPayment transferAcceleration accessmonitor resourceGroup metaQuery cname style',
  'styleName live vod status qos publicAccessBlock',
].flatMap((names) => names.split(' '));

/**
 * Checks the rules of OSS's own hosts: the bucket must be in the host, not in the path, and in the region of
 * the host. Other hosts, such as this emulator's address and bucket.localhost, may have it in either place.
 */
export function assertEndpoint(request: OssRequest, { bucket }: OssTarget, region: string): void {
  const host = (getHeader(request, 'host') ?? '').toLowerCase().replace(/:\d+$/, '');
  const label = bucket === undefined ? '' : `${bucket}.`;
  const service = host.startsWith(label) ? host.slice(label.length) : host;
  const hostRegion = parseRegion(service);
  if (bucket === undefined || hostRegion === undefined) return;
  if (service === host) throw secondLevelDomainForbiddenError();
  const isGlobal = hostRegion === 'accelerate' || hostRegion === 'accelerate-overseas';
  if (!isGlobal && hostRegion !== region) throw endpointMismatchError(bucket, `oss-${region}.aliyuncs.com`);
}

/** `undefined` for a host outside OSS. */
function parseRegion(service: string): string | undefined {
  const [, publicRegion, dualStackRegion] =
    /^(?:oss-([a-z0-9-]+?)|([a-z0-9-]+?)(?:-internal)?\.oss)(?:-internal)?\.aliyuncs\.com$/.exec(service) ??
    [];
  return publicRegion ?? dualStackRegion;
}
