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

export interface UppyBridgeOptions {
  /** The side that holds the credentials. */
  readonly controlPlane: ControlPlane;
  /**
   * Bytes per part, 5242880 (5 MiB, as Uppy sends no smaller ones) to 5368709120 (5 GiB). Default: 8 MiB,
   * larger from 8 GB on. Raised where the file would need more than 10,000 parts.
   */
  readonly partSize?: number | undefined;
  /** What the coordinator is told the file is called. Default: `file.name`. */
  readonly key?: ((file: UppyFile) => string) | undefined;
  /** What the object shall be, as far as the coordinator allows. Default: the content type of the file. */
  readonly object?: ((file: UppyFile) => ObjectOptions) | undefined;
  /** The `uploadURL` that Uppy is given. Default: the object's address at OSS. */
  readonly location?: ((object: UploadedObject) => string) | undefined;
  /**
   * Where upload tokens, which are bearer credentials, survive the page, so that an upload that Golden
   * Retriever restores is gone on with. Default: nowhere, and it begins anew.
   */
  readonly tokens?: UppyTokens | undefined;
  /** How often initiate, list, complete and abort are tried. Parts are retried by Uppy's `retryDelays`. */
  readonly retry?: RetryOptions | undefined;
}

/** A text by the name that Uppy knows an upload by. Every {@link CheckpointStore} is one. */
export type UppyTokens = Pick<CheckpointStore, 'load' | 'save' | 'remove'>;

/** The options with every default filled in. */
export interface BridgeTerms {
  readonly controlPlane: ControlPlane;
  /** The same, asking again. */
  readonly patient: ControlPlane;
  readonly transport: Transport;
  readonly chunkSize: (size: number) => number;
  readonly key: (file: UppyFile) => string;
  readonly object: (file: UppyFile) => ObjectOptions;
  readonly location: ((object: UploadedObject) => string) | undefined;
  readonly tokens: UppyTokens;
}

/** Uppy cuts no smaller parts, whatever it is told: S3 takes none. */
export const CHUNK_SIZE_MIN: number = 5 * 1024 ** 2;

/** Throws a `TypeError` or `RangeError` that names the option. */
export function resolveBridgeOptions(
  options: UppyBridgeOptions & { readonly transport?: Transport | undefined },
): BridgeTerms {
  assertOptions(options);
  const { controlPlane, partSize, retry, location } = options;
  assertControlPlane(controlPlane);
  if (partSize !== undefined && partSize < CHUNK_SIZE_MIN) {
    throw new RangeError(`partSize must be at least ${CHUNK_SIZE_MIN} (5 MiB) for Uppy, got ${partSize}`);
  }
  // Asked of a file that any part size suits: only to be checked now.
  choosePartSize(0, partSize);
  return {
    controlPlane,
    patient: createRetryingControlPlane(controlPlane, { retry }),
    transport: options.transport ?? createPageTransport(),
    chunkSize: (size) => Math.max(choosePartSize(size, partSize), CHUNK_SIZE_MIN),
    key: options.key ?? nameOf,
    object: options.object ?? typeOf,
    location,
    tokens: options.tokens ?? FORGETFUL,
  };
}

function nameOf({ name, id }: UppyFile): string {
  return name === undefined || name === '' ? id : name;
}

function typeOf({ type }: UppyFile): ObjectOptions {
  return type === undefined || type === '' ? {} : { contentType: type };
}

const FORGETFUL: UppyTokens = {
  load: () => Promise.resolve(undefined),
  save: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};
