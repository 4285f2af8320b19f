import type { OssOperation } from '../types.ts';

/** Which requests misbehave, and how. A rule without any condition is about every request. */
export interface FaultRule {
  readonly operation?: OssOperation;
  readonly bucket?: string;
  /** The whole key, or a pattern to be found in it. */
  readonly key?: string | RegExp;
  readonly partNumber?: number;
  /** Only these of the matching requests, counted from 1 in order of arrival. Default: all. */
  readonly nth?: number | readonly number[];
  /** At most so many times, then never again. Default: no limit. */
  readonly times?: number;
  /** From 0 to 1, drawn for each request that matches. Default: 1. */
  readonly probability?: number;
  readonly effect: FaultEffect;
}

/**
 * One thing that goes wrong. Several rules may meet in one request: their effects add up, in order of adding.
 */
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

/** Answers with an error, at once: no signature is checked, no body is read, no work is done. */
export interface RefuseEffect {
  readonly kind: 'refuse';
  /** 203 and 300 to 599. */
  readonly status: number;
  /** `ServiceUnavailable`. */
  readonly code: string;
  readonly message?: string;
  /** `0002-00000236`. */
  readonly ec?: string;
  /** Such as `Retry-After` or `x-oss-qos-delay-time`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Does the work, then closes the connection without a word. */
export interface DropResponseEffect {
  readonly kind: 'dropResponse';
}

/** Answers 200 with an `<Error>` in the body, as a long Complete may. */
export interface ErrorIn200Effect {
  readonly kind: 'errorIn200';
  readonly code: string;
  readonly message?: string;
  readonly ec?: string;
  /** The work is done all the same. Default: it is not. */
  readonly afterWork?: boolean;
}

/**
 * Resets the connection once so many bytes of the request's body have been read. A shorter body is served.
 */
export interface ResetAfterBytesEffect {
  readonly kind: 'resetAfterBytes';
  readonly bytes: number;
}

/** Accepts the request and never answers. The connection stays open until the emulator is closed. */
export interface SilentEffect {
  readonly kind: 'silent';
  /** Reads the body and does the work first. Default: reads nothing, so a large upload stalls on its way. */
  readonly afterWork?: boolean;
}

/** The response's body trickles, ten times a second. An answer without a body comes whole, a tenth late. */
export interface SlowDripEffect {
  readonly kind: 'slowDrip';
  readonly bytesPerSecond: number;
}

/**
 * Sends only the first bytes of the response's body, promises at least one more, and closes the connection.
 */
export interface TruncateResponseEffect {
  readonly kind: 'truncateResponse';
  /** Default: 0. */
  readonly bytes?: number;
}

/** The answer's `x-oss-hash-crc64ecma` is wrong by one bit. What is stored is right. */
export interface WrongCrcEffect {
  readonly kind: 'wrongCrc';
}

/** A bit of the body flips on its way in: OSS stores, hashes and answers for other bytes than were sent. */
export interface CorruptIncomingEffect {
  readonly kind: 'corruptIncoming';
  /** Which byte, from 0. Default: 0. A shorter body arrives as it was sent. */
  readonly offset?: number;
}

/** A bit of the stored part flips after its PUT was answered rightly. */
export interface CorruptStoredPartEffect {
  readonly kind: 'corruptStoredPart';
  /** ListParts goes on to report the CRC64 and ETag of the right bytes. Default: those of the wrong ones. */
  readonly silent?: boolean;
}

/** The part is gone after its PUT was answered with 200. */
export interface LosePartEffect {
  readonly kind: 'losePart';
}

/**
 * A browser may not read these headers: they drop out of `Access-Control-Expose-Headers`. Default: all of
 * them.
 */
export interface HideCorsHeadersEffect {
  readonly kind: 'hideCorsHeaders';
  readonly names?: readonly string[];
}

/** The request is not looked at for so long. */
export interface LatencyEffect {
  readonly kind: 'latency';
  readonly ms: number;
}

/** The request's body is read no faster than this. */
export interface BandwidthEffect {
  readonly kind: 'bandwidth';
  readonly bytesPerSecond: number;
}

/** The emulator's clock jumps before the request is looked at, and stays there. */
export interface ClockJumpEffect {
  readonly kind: 'clockJump';
  /** Negative: back in time. */
  readonly ms: number;
}

/** The effects of one kind, in order. */
export function effectsOf<K extends FaultEffect['kind']>(
  effects: readonly FaultEffect[],
  kind: K,
): readonly Extract<FaultEffect, { kind: K }>[] {
  return effects.filter((effect): effect is Extract<FaultEffect, { kind: K }> => effect.kind === kind);
}
