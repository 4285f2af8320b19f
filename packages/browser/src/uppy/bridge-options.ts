import type { ControlPlane, ObjectOptions, RetryOptions, UploadedObject } from '@partway/core';
import { assertControlPlane, assertOptions } from '@partway/core/internal';
import {
  type CheckpointStore,
  choosePartSize,
  createRetryingControlPlane,
  type Transport,
} from '@partway/core/ports';
import { createPageTransport } from '../transports/page-transport.ts';
import type { UppyFile } from './uppy-file.ts';

/** Options of both bridges to Uppy. */
export interface UppyBridgeOptions {
  /** The connection to the coordinator, which holds the credentials. */
  readonly controlPlane: ControlPlane;
  /**
   * Bytes per part, 5242880 (5 MiB, the minimum of Uppy) to 5368709120 (5 GiB). Default: 8 MiB, and more for
   * files larger than 8 GB. Increased if the file would need more than 10,000 parts.
   */
  readonly partSize?: number | undefined;
  /** The name of the file for the coordinator, which decides the key. Default: `file.name`. */
  readonly key?: ((file: UppyFile) => string) | undefined;
  /** The properties of the object that the upload requests. Default: the content type of the file. */
  readonly object?: ((file: UppyFile) => ObjectOptions) | undefined;
  /** The `uploadURL` that Uppy reports. Default: the unsigned URL of the object. */
  readonly location?: ((object: UploadedObject) => string) | undefined;
  /**
   * Stores upload tokens, which are bearer credentials, so that an upload that Golden Retriever restores is
   * resumed. Default: none; it starts again.
   */
  readonly tokenStore?: UppyTokenStore | undefined;
  /** Retries of initiate, list, complete and abort. Uppy retries parts, by its `retryDelays`. */
  readonly retry?: RetryOptions | undefined;
}

/** Stores one text for each upload ID of Uppy. Every {@link CheckpointStore} can be used. */
export type UppyTokenStore = Pick<CheckpointStore, 'load' | 'save' | 'remove'>;

/** The options with all defaults. */
export interface ResolvedBridgeOptions {
  readonly controlPlane: ControlPlane;
  /** The same control plane, with retries. */
  readonly retryingControlPlane: ControlPlane;
  readonly transport: Transport;
  readonly chooseChunkSize: (size: number) => number;
  readonly key: (file: UppyFile) => string;
  readonly object: (file: UppyFile) => ObjectOptions;
  readonly location: ((object: UploadedObject) => string) | undefined;
  readonly tokenStore: UppyTokenStore;
}

/** The minimum of S3, and therefore of Uppy, for every part but the last. */
export const CHUNK_SIZE_MIN: number = 5 * 1024 ** 2;

/** Throws a `TypeError` or `RangeError` that names the invalid option. */
export function resolveBridgeOptions(
  options: UppyBridgeOptions & { readonly transport?: Transport | undefined },
): ResolvedBridgeOptions {
  assertOptions(options);
  const { controlPlane, partSize, retry, location } = options;
  assertControlPlane(controlPlane);
  if (partSize !== undefined && partSize < CHUNK_SIZE_MIN) {
    throw new RangeError(`partSize must be at least ${CHUNK_SIZE_MIN} (5 MiB) for Uppy, got ${partSize}`);
  }
  // Throws if partSize is invalid: for an empty file every valid size is possible.
  choosePartSize(0, partSize);
  return {
    controlPlane,
    retryingControlPlane: createRetryingControlPlane(controlPlane, { retry }),
    transport: options.transport ?? createPageTransport(),
    chooseChunkSize: (size) => Math.max(choosePartSize(size, partSize), CHUNK_SIZE_MIN),
    key: options.key ?? nameOf,
    object: options.object ?? typeOf,
    location,
    tokenStore: options.tokenStore ?? NO_TOKEN_STORE,
  };
}

function nameOf({ name, id }: UppyFile): string {
  return name === undefined || name === '' ? id : name;
}

function typeOf({ type }: UppyFile): ObjectOptions {
  return type === undefined || type === '' ? {} : { contentType: type };
}

const NO_TOKEN_STORE: UppyTokenStore = {
  load: () => Promise.resolve(undefined),
  save: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};
