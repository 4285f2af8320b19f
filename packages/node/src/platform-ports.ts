import type { ControlPlane, CoordinatorConnection } from '@partway/core';
import { resolveControlPlane } from '@partway/core/internal';
import { systemClock, systemRandom, type Transport, type UploadPorts } from '@partway/core/ports';
import { createUndiciTransport, type UndiciTransport } from './transport/undici-transport.ts';

/** Options of every upload: the coordinator, and the transport to OSS. */
export interface ConnectionOptions extends Omit<CoordinatorConnection, 'credentials'> {
  /** Sends the parts to OSS. Default: one undici transport that all uploads of the process share. */
  readonly transport?: Transport | undefined;
}

/** The ports of an upload, except for its bytes. */
export type PlatformPorts = Pick<UploadPorts, 'controlPlane' | 'transport' | 'clock' | 'random'>;

/** Throws a `TypeError` that names an invalid option. */
export function createPlatformPorts({ transport, ...connection }: ConnectionOptions): PlatformPorts {
  return {
    controlPlane: connectCoordinator(connection),
    transport: transport ?? getSharedTransport(),
    clock: systemClock,
    random: systemRandom,
  };
}

/** Throws a `TypeError` that names an invalid option. */
export function connectCoordinator(connection: Omit<CoordinatorConnection, 'credentials'>): ControlPlane {
  const { endpoint } = connection;
  if (endpoint !== undefined && !URL.canParse(String(endpoint))) {
    throw new TypeError('endpoint must be a URL with http or https, such as https://example.com/uploads');
  }
  return resolveControlPlane(connection);
}

let sharedTransport: UndiciTransport | undefined;

/** Never closed: its idle connections time out, and do not keep the process alive. */
function getSharedTransport(): Transport {
  sharedTransport ??= createUndiciTransport();
  return sharedTransport;
}
