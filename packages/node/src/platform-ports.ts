import type { ControlPlane } from '@partway/core';
import { assertControlPlane } from '@partway/core/internal';
import { type Clock, type Random, systemClock, systemRandom, type Transport } from '@partway/core/ports';
import { createUndiciTransport, type UndiciTransport } from './transport/undici-transport.ts';

export interface PlatformOptions {
  /** The side that holds the credentials: a coordinator in this process, or one over HTTP. */
  readonly controlPlane: ControlPlane;
  /** Default: one undici transport for all uploads of the process. */
  readonly transport?: Transport | undefined;
}

/** What every upload awaits besides its bytes. */
export interface PlatformPorts {
  readonly controlPlane: ControlPlane;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
}

/** Throws a `TypeError` for a control plane that is none. */
export function platformPorts(
  controlPlane: ControlPlane,
  transport: Transport = sharedTransport(),
): PlatformPorts {
  assertControlPlane(controlPlane);
  return { controlPlane, transport, clock: systemClock, random: systemRandom };
}

let shared: UndiciTransport | undefined;

/** Never closed: its idle connections end by themselves, and do not keep the process alive. */
function sharedTransport(): Transport {
  shared ??= createUndiciTransport();
  return shared;
}
