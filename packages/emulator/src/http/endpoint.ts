import { secondLevelDomainForbidden, wrongEndpoint } from '../errors.ts';
import type { OssRequest, OssTarget } from '../types.ts';
import { headerOf } from './wire-text.ts';

/**
 * What OSS's own hosts refuse: a bucket in the path instead of the host, and a bucket of another region.
 * Other hosts, such as this emulator's address and bucket.localhost, may have it either way.
 */
export function assertEndpoint(request: OssRequest, { bucket }: OssTarget, region: string): void {
  const host = (headerOf(request, 'host') ?? '').toLowerCase().replace(/:\d+$/, '');
  const label = bucket === undefined ? '' : `${bucket}.`;
  const service = host.startsWith(label) ? host.slice(label.length) : host;
  const named = regionOf(service);
  if (bucket === undefined || named === undefined) return;
  if (service === host) throw secondLevelDomainForbidden();
  const isGlobal = named === 'accelerate' || named === 'accelerate-overseas';
  if (!isGlobal && named !== region) throw wrongEndpoint(bucket, `oss-${region}.aliyuncs.com`);
}

/** `undefined` for a host that is not OSS's. */
function regionOf(service: string): string | undefined {
  const [, ofPublic, ofDualStack] =
    /^(?:oss-([a-z0-9-]+?)|([a-z0-9-]+?)(?:-internal)?\.oss)(?:-internal)?\.aliyuncs\.com$/.exec(service) ??
    [];
  return ofPublic ?? ofDualStack;
}
