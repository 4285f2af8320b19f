import type { ControlPlane } from '../ports.ts';
import { assertControlPlane } from '../resolve-options.ts';
import { createHttpControlPlane, type HttpControlPlaneOptions } from './http-control-plane.ts';

/** How a client reaches the coordinator. Exactly one of `endpoint` and `controlPlane` is required. */
export interface CoordinatorConnection extends Pick<HttpControlPlaneOptions, 'headers' | 'credentials'> {
  /**
   * The URL where the coordinator's handler is mounted, such as `https://example.com/uploads`; in a page also
   * a path, such as `/uploads`. `headers` and `credentials` apply to requests to it only, never to requests
   * to OSS.
   */
  readonly endpoint?: string | URL | undefined;
  /** Your own connection to the coordinator, in place of `endpoint`, `headers` and `credentials`. */
  readonly controlPlane?: ControlPlane | undefined;
}

/** Returns the control plane of the options. Throws a `TypeError` that names an invalid option. */
export function resolveControlPlane({
  endpoint,
  controlPlane,
  headers,
  credentials,
}: CoordinatorConnection): ControlPlane {
  if (endpoint !== undefined && controlPlane !== undefined)
    throw new TypeError('endpoint and controlPlane are mutually exclusive');
  if (endpoint !== undefined) return createEndpointControlPlane(endpoint, { headers, credentials });
  if (controlPlane === undefined) throw new TypeError('endpoint or controlPlane is required');
  assertControlPlane(controlPlane);
  const unused = Object.entries({ headers, credentials }).find(([, value]) => value !== undefined)?.[0];
  if (unused !== undefined) throw new TypeError(`${unused} requires endpoint: a controlPlane sends its own`);
  return controlPlane;
}

function createEndpointControlPlane(endpoint: string | URL, http: HttpControlPlaneOptions): ControlPlane {
  try {
    return createHttpControlPlane(endpoint, http);
  } catch (cause) {
    throw new TypeError('endpoint must be an http(s) URL or a path like /uploads', { cause });
  }
}
