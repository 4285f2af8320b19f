import { uriEncodePath } from './signing/uri-encode.ts';

/**
 * The place of the bucket's name: in the host, in the path, or nowhere because the host belongs to the
 * bucket.
 */
export type Addressing = 'virtual-host' | 'path' | 'cname';

/** The host of a bucket. */
export interface EndpointOptions {
  /** Such as `cn-hangzhou`, without the prefix `oss-`. */
  readonly region: string;
  /** A host, or a URL without a path. The default scheme is https. Default: the region's public host. */
  readonly endpoint?: string | undefined;
  /** Whether to use the region's host inside Alibaba Cloud. Default: false. */
  readonly internal?: boolean | undefined;
  /**
   * Transfer acceleration: worldwide (`true`), or outside the Chinese mainland (`'overseas'`). Default:
   * false.
   */
  readonly accelerate?: boolean | 'overseas' | undefined;
  /**
   * Default: `path` for an IP address or localhost, else `virtual-host`, the only one that OSS itself serves.
   */
  readonly addressing?: Addressing | undefined;
}

export interface Endpoint {
  /** `https://oss-cn-hangzhou.aliyuncs.com`, without the bucket. */
  readonly protocol: string;
  readonly host: string;
  readonly addressing: Addressing;
}

/**
 * The host of a bucket in `region`.
 *
 * @throws TypeError that names the option.
 */
export function resolveEndpoint(options: EndpointOptions): Endpoint {
  assertRegion(options.region);
  const { protocol, host, hostname } = parseEndpoint(options.endpoint ?? hostOf(options), options);
  const isLocal = /^(?:\d+\.\d+\.\d+\.\d+|\[.*\]|localhost)$/.test(hostname);
  const addressing = options.addressing ?? (isLocal ? 'path' : 'virtual-host');
  if (!['virtual-host', 'path', 'cname'].includes(addressing)) {
    throw new TypeError('addressing must be virtual-host, path or cname');
  }
  if (addressing === 'virtual-host' && isLocal && hostname !== 'localhost') {
    throw new TypeError(
      'addressing must be path or cname: the host is an IP address, which cannot contain the bucket',
    );
  }
  if (addressing === 'cname' && options.endpoint === undefined) {
    throw new TypeError('addressing cname requires endpoint, the domain of the bucket');
  }
  return { protocol, host, addressing };
}

/** The URL of an object, without a query. An empty key is the bucket itself. */
export function objectUrl(endpoint: Endpoint, bucket: string, key: string): string {
  const { protocol, host, addressing } = endpoint;
  const origin = addressing === 'virtual-host' ? `${protocol}//${bucket}.${host}` : `${protocol}//${host}`;
  return `${origin}${addressing === 'path' ? `/${bucket}` : ''}/${uriEncodePath(key)}`;
}

/** @throws TypeError for a name that no bucket of OSS can have. */
export function assertBucket(bucket: string): void {
  if (typeof bucket !== 'string' || !/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new TypeError(
      'bucket must have 3 to 63 lower-case letters, digits and hyphens, with no hyphen at either end',
    );
  }
}

function assertRegion(region: string): void {
  if (typeof region !== 'string' || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(region)) {
    throw new TypeError("region must be the ID of a region, such as 'cn-hangzhou'");
  }
  if (region.startsWith('oss-')) {
    throw new TypeError(`region must not start with 'oss-': use '${region.slice('oss-'.length)}'`);
  }
}

function hostOf({ region, internal = false, accelerate = false }: EndpointOptions): string {
  if (internal && accelerate !== false) throw new TypeError('internal and accelerate exclude each other');
  if (accelerate === 'overseas') return 'oss-accelerate-overseas.aliyuncs.com';
  if (accelerate) return 'oss-accelerate.aliyuncs.com';
  return `oss-${region}${internal ? '-internal' : ''}.aliyuncs.com`;
}

function parseEndpoint(endpoint: string, options: EndpointOptions): URL {
  if (
    options.endpoint !== undefined &&
    (options.internal === true || (options.accelerate ?? false) !== false)
  ) {
    throw new TypeError('endpoint excludes internal and accelerate');
  }
  const text = endpoint.includes('://') ? endpoint : `https://${endpoint}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new TypeError('endpoint must be a host, or a URL with http or https');
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new TypeError('endpoint must have no path, query or fragment');
  }
  return url;
}
