import type { OssOperation } from '../types.ts';

/**
 * A fault and the requests it applies to. All given conditions must hold; a rule without conditions applies
 * to every request.
 */
export interface FaultRule {
  /** The name of an operation, such as `UploadPart`. Default: any. */
  readonly operation?: OssOperation;
  /** The name of a bucket. Default: any, and requests without a bucket. */
  readonly bucket?: string;
  /** The whole key, or a pattern to find in it. Default: any, and requests without a key. */
  readonly key?: string | RegExp;
  /** The `partNumber` of the request. Default: any, and requests without one. */
  readonly partNumber?: number;
  /** Applies only to these of the matching requests, counted from 1 in order of arrival. Default: all. */
  readonly nth?: number | readonly number[];
  /** The largest number of requests the effect is applied to. Default: no limit. */
  readonly times?: number;
  /** From 0 to 1, drawn for each request that matches. Default: 1. */
  readonly probability?: number;
  /** The fault of the request or its response. */
  readonly effect: FaultEffect;
}

/** One fault. If several rules apply to a request, their effects add up, in the order of adding. */
export type FaultEffect =
  | RefuseEffect
  | DropResponseEffect
  | ErrorIn200Effect
  | ResetAfterBytesEffect
  | SilentEffect
  | SlowDripEffect
  | TruncateResponseEffect
  | WrongCrcEffect
  | CorruptIncomingEffect
  | CorruptStoredPartEffect
  | LosePartEffect
  | HideCorsHeadersEffect
  | LatencyEffect
  | BandwidthEffect
  | ClockJumpEffect;

/**
 * Sends an error response at once: the signature is not checked, the body not read, the request not handled.
 */
export interface RefuseEffect {
  readonly kind: 'refuse';
  /** The HTTP status: 203, or 300 to 599. */
  readonly status: number;
  /** The `Code` element: `ServiceUnavailable`. */
  readonly code: string;
  /** The `Message` element. Default: the code. */
  readonly message?: string;
  /** The `EC` element and the header `x-oss-ec`: `0002-00000236`. Default: none. */
  readonly ec?: string;
  /** Further headers, such as `Retry-After` or `x-oss-qos-delay-time`. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Handles the request, then closes the connection without a response. */
export interface DropResponseEffect {
  readonly kind: 'dropResponse';
}

/** Sends status 200 with an `<Error>` in the body, as OSS may when a Complete takes long. */
export interface ErrorIn200Effect {
  readonly kind: 'errorIn200';
  /** The `Code` element: `InternalError`. */
  readonly code: string;
  /** The `Message` element. Default: the code. */
  readonly message?: string;
  /** The `EC` element. Default: none. */
  readonly ec?: string;
  /** Whether the request is handled first, all the same. Default: `false`. */
  readonly afterHandling?: boolean;
}

/** Resets the connection during the request's body. A request with a shorter body is handled normally. */
export interface ResetAfterBytesEffect {
  readonly kind: 'resetAfterBytes';
  /** The number of bytes of the body that are read before the reset; 0: none. */
  readonly bytes: number;
}

/** Accepts the request and never responds. The connection stays open until the emulator is closed. */
export interface SilentEffect {
  readonly kind: 'silent';
  /**
   * Whether the body is read and the request handled first. Default: `false`. Then nothing is read, so that
   * a large upload stalls.
   */
  readonly afterHandling?: boolean;
}

/**
 * Sends the response's body slowly, in pieces, about ten a second. A response without a body is 100 ms late.
 */
export interface SlowDripEffect {
  readonly kind: 'slowDrip';
  /** At least 1. */
  readonly bytesPerSecond: number;
}

/** Sends the first bytes of the response's body, announces at least one more, and closes the connection. */
export interface TruncateResponseEffect {
  readonly kind: 'truncateResponse';
  /** The number of bytes of the body that are sent. Default: 0. */
  readonly bytes?: number;
}

/** Changes one bit of the response's `x-oss-hash-crc64ecma`. The stored checksum is correct. */
export interface WrongCrcEffect {
  readonly kind: 'wrongCrc';
}

/** Flips a bit of the request's body before OSS reads it: OSS stores and hashes the changed bytes. */
export interface CorruptIncomingEffect {
  readonly kind: 'corruptIncoming';
  /** The position of the changed byte, from 0. A shorter body is not changed. Default: 0. */
  readonly offset?: number;
}

/** Flips a bit of the part once it is stored. The response to its PUT has the checksums of the sent bytes. */
export interface CorruptStoredPartEffect {
  readonly kind: 'corruptStoredPart';
  /**
   * `true`: ListParts keeps reporting the CRC64 and ETag of the original bytes. Default: `false`, those of
   * the changed bytes.
   */
  readonly silent?: boolean;
}

/** Removes the part once it is stored. The response to its PUT is 200. */
export interface LosePartEffect {
  readonly kind: 'losePart';
}

/** Removes names from `Access-Control-Expose-Headers`, so that pages cannot read these headers. */
export interface HideCorsHeadersEffect {
  readonly kind: 'hideCorsHeaders';
  /** The names of the headers to hide, in any case. Default: all. */
  readonly names?: readonly string[];
}

/** Waits before anything else happens to the request. */
export interface LatencyEffect {
  readonly kind: 'latency';
  /** The delay in ms. */
  readonly ms: number;
}

/** Limits how fast the request's body is read. */
export interface BandwidthEffect {
  readonly kind: 'bandwidth';
  /** At least 1. */
  readonly bytesPerSecond: number;
}

/** Moves the emulator's clock before the request is handled. The clock is not set back afterwards. */
export interface ClockJumpEffect {
  readonly kind: 'clockJump';
  /** In ms; a negative number moves the clock back. */
  readonly ms: number;
}

/** The effects of one kind, in the order of their rules. */
export function filterEffects<K extends FaultEffect['kind']>(
  effects: readonly FaultEffect[],
  kind: K,
): readonly Extract<FaultEffect, { kind: K }>[] {
  return effects.filter((effect): effect is Extract<FaultEffect, { kind: K }> => effect.kind === kind);
}
