import type { RetryOptions, StallOptions, UploadOptions } from '@partway/core';
import { createSeededRandom } from '@partway/core/testing';
import type { FaultEffect, FaultRule, OssOperation } from '@partway/emulator';

/** Everything chance decides before an upload begins. The same seed gives the same scenario. */
export interface Scenario {
  readonly seed: number;
  readonly size: number;
  readonly chunkSize: number;
  readonly partSize: number;
  /** Parts in flight; with `isAdaptive`, at most. */
  readonly concurrency: number;
  readonly isAdaptive: boolean;
  readonly verifyExistingParts: 'all' | 'size';
  readonly hedge: number;
  readonly retry: Exactly<RetryOptions>;
  readonly stall: Exactly<StallOptions>;
  readonly forbidOverwrite: boolean;
  /** The bytes come once, with an unknown length. */
  readonly isStream: boolean;
  /** A failed upload is kept for a resume. */
  readonly isDurable: boolean;
  readonly urlLifetimeSeconds: number;
  /** Temporary credentials, living so long; `undefined`: one set that never dies. */
  readonly stsLifetimeMs: number | undefined;
  /** How far the signer's clock is ahead of OSS's. */
  readonly signerSkewMs: number;
  /** Every request takes so long. */
  readonly latencyMs: number;
  /** Another writer's object exists under the key before. */
  readonly isKeyTaken: boolean;
  readonly faults: readonly FaultRule[];
  /** How often the ports on this side of the network fail. */
  readonly portFailure: PortFailure;
  /** The events in the lives of the uploading processes, one after another. */
  readonly lives: readonly Life[];
  /** When the machines have no network, and know it. */
  readonly outages: readonly Outage[];
  /** Nothing happens that the retries and repairs of one life cannot bear. */
  readonly isMild: boolean;
}

/** From the beginning of the world. */
export interface Outage {
  readonly fromMs: number;
  readonly forMs: number;
}

/** Probabilities, per call. */
export interface PortFailure {
  readonly controlPlane: number;
  readonly checkpoints: number;
  readonly source: number;
}

/** The acts on one process, each at the nth call of a port. */
export interface Life {
  readonly acts: readonly Act[];
}

export interface Act {
  /** The nth call of a port, or a delay in ms after the start of Complete. */
  readonly at: number | { readonly completingMs: number };
  readonly kind: ActKind;
}

export type ActKind =
  | 'crash'
  | 'pause'
  | 'abort'
  | 'fewer'
  | 'more'
  | 'sleep'
  | 'take away'
  | 'change source'
  | 'second process'
  | 'second machine'
  | 'second upload';

export const PART_SIZE = 102_400;

type Draw = ReturnType<typeof createDraw>;

export function drawScenario(seed: number): Scenario {
  const draw = createDraw(seed);
  const isMild = draw.chance(0.4);
  const isStream = draw.chance(0.12);
  const latencyMs = draw.of([0, 0, 5, 80, 400]);
  const lives = drawLives(draw, isMild, isStream, latencyMs);
  const hasLaggards = !isStream && draw.chance(0.05);
  const faults = [...drawFaults(draw, isMild), ...(hasLaggards ? LAGGARDS : [])];
  return {
    seed,
    size: hasLaggards ? LAGGARDS_PARTS * PART_SIZE : drawSize(draw, isStream),
    chunkSize: draw.of([7_000, 40_000, 65_536, 200_000]),
    partSize: PART_SIZE,
    concurrency: draw.whole(1, 6),
    // Trusting the list of OSS requires an OSS that corrupts nothing.
    verifyExistingParts: draw.chance(0.5) && !faults.some(spoils) ? 'size' : 'all',
    hedge: hasLaggards || draw.chance(0.5) ? 0.5 : 0.02,
    retry: isMild ? PATIENT : drawRetry(draw),
    stall: draw.chance(0.5) ? STALL : { ...STALL, idleMs: 500, responseMs: 900, windowMs: 2000 },
    forbidOverwrite: draw.chance(0.15),
    isStream,
    isDurable: !isStream && draw.chance(0.7),
    urlLifetimeSeconds: draw.of([2, 5, 60, 900]),
    stsLifetimeMs: draw.chance(0.3) ? draw.of([5_000, 60_000, 900_000]) : undefined,
    signerSkewMs: draw.chance(0.15) ? draw.of([-20, 20, 600]) * 60_000 : 0,
    latencyMs,
    isKeyTaken: draw.chance(0.15),
    faults,
    portFailure: isMild ? NO_FAILURE : drawPortFailure(draw),
    lives,
    // A stream's part is not kept for longer than until it is confirmed.
    isMild: isMild && !(isStream && faults.some(losesParts)),
    isAdaptive: draw.chance(0.3),
    ...(!isMild && !isStream && draw.chance(0.05) && { lives: [{ acts: drawChangeInPause(draw) }] }),
    outages: draw.chance(0.15) ? drawOutages(draw, latencyMs) : [],
  };
}

type Exactly<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };

function losesParts({ effect }: FaultRule): boolean {
  return effect.kind === 'corruptStoredPart' || effect.kind === 'losePart';
}

function spoils({ effect }: FaultRule): boolean {
  return effect.kind === 'corruptStoredPart' || effect.kind === 'corruptIncoming';
}

export const PATIENT: Exactly<RetryOptions> = {
  attemptsMax: 12,
  baseMs: 50,
  maxMs: 2000,
  budgetMs: 3_600_000,
};
const STALL: Exactly<StallOptions> = {
  idleMs: 30_000,
  responseMs: 60_000,
  minBytesPerSecond: 1024,
  windowMs: 60_000,
};
const NO_FAILURE: PortFailure = { controlPlane: 0, checkpoints: 0, source: 0 };

/** The options of an upload in this scenario. */
export function optionsOf(scenario: Scenario): Omit<UploadOptions, 'key'> {
  const { partSize, verifyExistingParts, hedge, retry, stall, forbidOverwrite, isAdaptive } = scenario;
  const concurrency = isAdaptive ? 'auto' : scenario.concurrency;
  const concurrencyMax = scenario.concurrency;
  return { partSize, concurrency, concurrencyMax, verifyExistingParts, hedge, retry, stall, forbidOverwrite };
}

/** The last parts take far longer than the others, at first. */
const LAGGARDS_PARTS = 12;
const LAGGARDS: readonly FaultRule[] = [9, 10, 11, 12].map((partNumber) => ({
  operation: 'UploadPart',
  partNumber,
  times: 1,
  effect: { kind: 'latency', ms: 25_000 },
}));

function drawSize(draw: Draw, isStream: boolean): number {
  if (isStream && draw.chance(0.5)) return draw.whole(1, 3) * 1024 ** 2 + draw.whole(-1, 1);
  const parts = draw.chance(0.03) ? draw.whole(12, 24) : draw.whole(1, 7);
  return draw.of([0, 1, PART_SIZE - 1, PART_SIZE, ...BEYOND.map((bytes) => parts * PART_SIZE + bytes)]);
}

const BEYOND = [0, 0, 0, 0, 1, 1, 1, 1, 51_200, 51_200, 51_200, 51_200];

function drawRetry(draw: Draw): Exactly<RetryOptions> {
  return {
    attemptsMax: draw.whole(1, 8),
    baseMs: draw.of([0, 50, 200]),
    maxMs: draw.of([100, 20_000]),
    budgetMs: draw.of([0, 2_000, 1_800_000, 1_800_000]),
  };
}

function drawPortFailure(draw: Draw): PortFailure {
  const rate = (): number => (draw.chance(0.3) ? draw.of([0.02, 0.1, 0.4]) : 0);
  return { controlPlane: rate(), checkpoints: rate() / 4, source: rate() / 10 };
}

function drawLives(draw: Draw, isMild: boolean, isStream: boolean, latencyMs: number): readonly Life[] {
  const count = draw.of([1, 1, 2, 3]);
  const harsh = isStream ? STREAM_ACTS : ALL_ACTS;
  const mild = isStream ? MILD_ACTS : MILD_FILE_ACTS;
  const kinds = isMild ? mild : harsh;
  return Array.from({ length: count }, () => ({ acts: drawActs(draw, kinds, latencyMs) }));
}

function drawActs(draw: Draw, kinds: readonly ActKind[], latencyMs: number): readonly Act[] {
  return Array.from({ length: draw.of([0, 1, 1, 2, 3]) }, () => ({
    at: draw.chance(0.2)
      ? { completingMs: draw.whole(0, 2 * latencyMs) }
      : draw.whole(1, draw.chance(0.5) ? 25 : 90),
    kind: draw.of(kinds),
  }));
}

/** Most uploads here are over in a few round trips. */
function drawOutages(draw: Draw, latencyMs: number): readonly Outage[] {
  return Array.from({ length: draw.whole(1, 3) }, () => ({
    fromMs: draw.chance(0.7) ? draw.whole(0, 20 * latencyMs) : draw.whole(0, 20_000),
    forMs: draw.of([300, 5_000, 120_000, 600_000]),
  }));
}

/** Leftovers of a paused upload must be removed when it cannot be resumed. */
function drawChangeInPause(draw: Draw): readonly Act[] {
  const at = draw.whole(1, 12);
  return [
    { at, kind: 'pause' },
    { at: at + 1, kind: 'change source' },
  ];
}

const MILD_ACTS: readonly ActKind[] = ['crash', 'crash', 'pause', 'pause', 'abort', 'fewer', 'more', 'sleep'];
const STREAM_ACTS: readonly ActKind[] = [...MILD_ACTS, 'second upload'];
/** A file can be sent again from its start. */
const MILD_FILE_ACTS: readonly ActKind[] = [...MILD_ACTS, 'take away'];
const ALL_ACTS: readonly ActKind[] = [
  ...MILD_FILE_ACTS,
  'change source',
  'second process',
  'second machine',
  'second upload',
];

/** Swarm: each seed takes a few kinds of faults, and of those many. */
function drawFaults(draw: Draw, isMild: boolean): readonly FaultRule[] {
  const kinds = isMild ? TRANSIENT : [...TRANSIENT, ...TRANSIENT, ...FINAL];
  return Array.from({ length: isMild ? draw.whole(0, 3) : draw.whole(0, 6) }, () => {
    const { operations, effects } = draw.of(kinds);
    const rule = { operation: draw.of(operations), effect: draw.of(effects) };
    if (isMild) return { ...rule, nth: draw.whole(1, 6), times: 1 };
    return { ...rule, probability: draw.of([0.05, 0.2, 0.6]), times: draw.of([1, 3, 40]) };
  });
}

interface FaultKind {
  readonly operations: readonly OssOperation[];
  readonly effects: readonly FaultEffect[];
}

const PARTS: readonly OssOperation[] = ['UploadPart', 'UploadPart', 'UploadPart', 'PutObject'];
const VERBS: readonly OssOperation[] = [
  'InitiateMultipartUpload',
  'ListParts',
  'CompleteMultipartUpload',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'HeadObject',
  'ListMultipartUploads',
];
const ALL = [...PARTS, ...VERBS];

function refusal(status: number, code: string, ec?: string, headers?: Record<string, string>): FaultEffect {
  return {
    kind: 'refuse',
    status,
    code,
    ...(ec === undefined ? {} : { ec }),
    ...(headers === undefined ? {} : { headers }),
  };
}

const TRANSIENT: readonly FaultKind[] = [
  {
    operations: ALL,
    effects: [
      refusal(503, 'ServiceUnavailable'),
      refusal(503, 'DownloadTrafficRateLimitExceeded', undefined, { 'Retry-After': '3' }),
      refusal(503, 'Throttled', undefined, { 'x-oss-qos-delay-time': '1500' }),
      refusal(500, 'InternalError'),
      refusal(429, 'QpsLimitExceeded'),
      refusal(400, 'RequestTimeout'),
      refusal(502, 'BadGateway'),
    ],
  },
  {
    operations: PARTS,
    effects: [
      refusal(403, 'AccessDenied', '0002-00000236'),
      refusal(403, 'SecurityTokenExpired', '0002-00000007'),
    ],
  },
  { operations: PARTS, effects: [refusal(400, 'IncompleteBody'), refusal(400, 'InvalidDigest')] },
  { operations: ALL, effects: [{ kind: 'dropResponse' }] },
  { operations: VERBS, effects: [{ kind: 'dropResponse' }] },
  {
    operations: PARTS,
    effects: [
      { kind: 'resetAfterBytes', bytes: 1 },
      { kind: 'resetAfterBytes', bytes: 90_000 },
    ],
  },
  { operations: ALL, effects: [{ kind: 'silent' }, { kind: 'silent', afterHandling: true }] },
  { operations: PARTS, effects: [{ kind: 'wrongCrc' }, { kind: 'corruptIncoming' }] },
  { operations: ['UploadPart'], effects: [{ kind: 'corruptStoredPart' }, { kind: 'losePart' }] },
  {
    operations: ['CompleteMultipartUpload'],
    effects: [
      { kind: 'errorIn200', code: 'InternalError' },
      { kind: 'errorIn200', code: 'InternalError', afterHandling: true },
      { kind: 'truncateResponse', bytes: 20 },
    ],
  },
  { operations: VERBS, effects: [{ kind: 'truncateResponse', bytes: 10 }] },
  {
    operations: ALL,
    effects: [
      { kind: 'latency', ms: 300 },
      { kind: 'latency', ms: 20_000 },
    ],
  },
  { operations: PARTS, effects: [{ kind: 'bandwidth', bytesPerSecond: 30_000 }] },
  { operations: ['UploadPart'], effects: [{ kind: 'clockJump', ms: 1_200_000 }] },
];

const FINAL: readonly FaultKind[] = [
  {
    operations: ALL,
    effects: [
      refusal(403, 'AccessDenied', '0003-00000201'),
      refusal(403, 'SignatureDoesNotMatch', '0002-00000201'),
      refusal(403, 'InvalidAccessKeyId', '0002-00000902'),
    ],
  },
  { operations: ['UploadPart'], effects: [refusal(404, 'NoSuchUpload', '0042-00000104')] },
  { operations: ['UploadPart'], effects: [refusal(409, 'PartAlreadyExist', '0042-00000108')] },
  { operations: ['UploadPart'], effects: [{ kind: 'corruptStoredPart', silent: true }] },
  { operations: PARTS, effects: [{ kind: 'clockJump', ms: -1_200_000 }] },
];

function createDraw(seed: number): {
  whole(min: number, max: number): number;
  chance(probability: number): boolean;
  of<T>(choices: readonly T[]): T;
} {
  const random = createSeededRandom(seed);
  const whole = (min: number, max: number): number => min + Math.floor(random.next() * (max - min + 1));
  return {
    whole,
    chance: (probability) => random.next() < probability,
    of: (choices) => choices[whole(0, choices.length - 1)] as (typeof choices)[number],
  };
}
