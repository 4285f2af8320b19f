import type { RetryOptions, StallOptions, UploadOptions } from '@partway/core';
import { createSeededRandom } from '@partway/core/testing';
import type { FaultEffect, FaultRule, OssOperation } from '@partway/emulator';

/** All random decisions for one seed. The same seed gives the same scenario. */
export interface Scenario {
  readonly seed: number;
  readonly size: number;
  readonly chunkSize: number;
  readonly partSize: number;
  /** Parts in flight; with `isAdaptive` the maximum. */
  readonly concurrency: number;
  readonly isAdaptive: boolean;
  readonly verifyExistingParts: 'all' | 'size';
  readonly hedge: number;
  readonly retry: Exactly<RetryOptions>;
  readonly stall: Exactly<StallOptions>;
  readonly forbidOverwrite: boolean;
  /** The bytes come once, with an unknown length. */
  readonly isStream: boolean;
  /** Checkpoints are written, and a failed upload can be resumed. */
  readonly isDurable: boolean;
  readonly urlLifetimeSeconds: number;
  /** The lifetime of temporary credentials. `undefined`: one set that never expires. */
  readonly stsLifetimeMs: number | undefined;
  /** How far the signer's clock is ahead of OSS's. */
  readonly signerSkewMs: number;
  /** The round trip of every request. */
  readonly latencyMs: number;
  /** Another writer's object exists under the key at the start. */
  readonly isKeyTaken: boolean;
  readonly faults: readonly FaultRule[];
  /** How often the ports of the client fail. */
  readonly portFailure: PortFailure;
  /** The processes that upload, one after another. */
  readonly processes: readonly ProcessPlan[];
  /** When the machines are offline, and report it. */
  readonly outages: readonly Outage[];
  /** Retries and repairs of one process are sufficient for all faults. */
  readonly isRecoverable: boolean;
}

/** Times from the start of the simulation. */
export interface Outage {
  readonly fromMs: number;
  readonly durationMs: number;
}

/** Probabilities per call. */
export interface PortFailure {
  readonly controlPlane: number;
  readonly checkpoints: number;
  readonly source: number;
}

/** The actions on one process. */
export interface ProcessPlan {
  readonly actions: readonly Action[];
}

export interface Action {
  /** The tick of the process, or a delay in ms after the event `completing`. */
  readonly at: number | { readonly completingMs: number };
  readonly kind: ActionKind;
}

export type ActionKind =
  | 'crash'
  | 'pause'
  | 'abort'
  | 'lower concurrency'
  | 'raise concurrency'
  | 'sleep'
  | 'abort uploads'
  | 'change source'
  | 'second process'
  | 'second machine'
  | 'second upload';

export const PART_SIZE = 102_400;

type Draw = ReturnType<typeof createDraw>;

export function drawScenario(seed: number): Scenario {
  const draw = createDraw(seed);
  const isRecoverable = draw.isTrue(0.4);
  const isStream = draw.isTrue(0.12);
  const latencyMs = draw.choose([0, 0, 5, 80, 400]);
  const processes = drawProcesses(draw, isRecoverable, isStream, latencyMs);
  const hasSlowParts = !isStream && draw.isTrue(0.05);
  const faults = [...drawFaults(draw, isRecoverable), ...(hasSlowParts ? SLOW_PARTS : [])];
  return {
    seed,
    size: hasSlowParts ? SLOW_PARTS_COUNT * PART_SIZE : drawSize(draw, isStream),
    chunkSize: draw.choose([7_000, 40_000, 65_536, 200_000]),
    partSize: PART_SIZE,
    concurrency: draw.integer(1, 6),
    // `size` trusts the list of parts: it requires an OSS that corrupts no part.
    verifyExistingParts: draw.isTrue(0.5) && !faults.some(corruptsParts) ? 'size' : 'all',
    hedge: hasSlowParts || draw.isTrue(0.5) ? 0.5 : 0.02,
    retry: isRecoverable ? GENEROUS_RETRY : drawRetry(draw),
    stall: draw.isTrue(0.5) ? STALL : { ...STALL, idleMs: 500, responseMs: 900, windowMs: 2000 },
    forbidOverwrite: draw.isTrue(0.15),
    isStream,
    isDurable: !isStream && draw.isTrue(0.7),
    urlLifetimeSeconds: draw.choose([2, 5, 60, 900]),
    stsLifetimeMs: draw.isTrue(0.3) ? draw.choose([5_000, 60_000, 900_000]) : undefined,
    signerSkewMs: draw.isTrue(0.15) ? draw.choose([-20, 20, 600]) * 60_000 : 0,
    latencyMs,
    isKeyTaken: draw.isTrue(0.15),
    faults,
    portFailure: isRecoverable ? NO_FAILURE : drawPortFailure(draw),
    processes,
    // A part of a stream is released once it is confirmed: it cannot be repaired after that.
    isRecoverable: isRecoverable && !(isStream && faults.some(losesParts)),
    isAdaptive: draw.isTrue(0.3),
    ...(!isRecoverable &&
      !isStream &&
      draw.isTrue(0.05) && { processes: [{ actions: drawChangeDuringPause(draw) }] }),
    outages: draw.isTrue(0.15) ? drawOutages(draw, latencyMs) : [],
  };
}

type Exactly<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };

function losesParts({ effect }: FaultRule): boolean {
  return effect.kind === 'corruptStoredPart' || effect.kind === 'losePart';
}

function corruptsParts({ effect }: FaultRule): boolean {
  return effect.kind === 'corruptStoredPart' || effect.kind === 'corruptIncoming';
}

export const GENEROUS_RETRY: Exactly<RetryOptions> = {
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
export function toUploadOptions(scenario: Scenario): Omit<UploadOptions, 'key'> {
  const { partSize, verifyExistingParts, hedge, retry, stall, forbidOverwrite, isAdaptive } = scenario;
  const concurrency = isAdaptive ? 'auto' : scenario.concurrency;
  const concurrencyMax = scenario.concurrency;
  return { partSize, concurrency, concurrencyMax, verifyExistingParts, hedge, retry, stall, forbidOverwrite };
}

/** The first attempts of the last parts take far longer than those of other parts. */
const SLOW_PARTS_COUNT = 12;
const SLOW_PARTS: readonly FaultRule[] = [9, 10, 11, 12].map((partNumber) => ({
  operation: 'UploadPart',
  partNumber,
  times: 1,
  effect: { kind: 'latency', ms: 25_000 },
}));

function drawSize(draw: Draw, isStream: boolean): number {
  if (isStream && draw.isTrue(0.5)) return draw.integer(1, 3) * 1024 ** 2 + draw.integer(-1, 1);
  const parts = draw.isTrue(0.03) ? draw.integer(12, 24) : draw.integer(1, 7);
  return draw.choose([
    0,
    1,
    PART_SIZE - 1,
    PART_SIZE,
    ...SIZE_OFFSETS.map((bytes) => parts * PART_SIZE + bytes),
  ]);
}

const SIZE_OFFSETS = [0, 0, 0, 0, 1, 1, 1, 1, 51_200, 51_200, 51_200, 51_200];

function drawRetry(draw: Draw): Exactly<RetryOptions> {
  return {
    attemptsMax: draw.integer(1, 8),
    baseMs: draw.choose([0, 50, 200]),
    maxMs: draw.choose([100, 20_000]),
    budgetMs: draw.choose([0, 2_000, 1_800_000, 1_800_000]),
  };
}

function drawPortFailure(draw: Draw): PortFailure {
  const rate = (): number => (draw.isTrue(0.3) ? draw.choose([0.02, 0.1, 0.4]) : 0);
  return { controlPlane: rate(), checkpoints: rate() / 4, source: rate() / 10 };
}

function drawProcesses(
  draw: Draw,
  isRecoverable: boolean,
  isStream: boolean,
  latencyMs: number,
): readonly ProcessPlan[] {
  const count = draw.choose([1, 1, 2, 3]);
  const all = isStream ? STREAM_ACTIONS : FILE_ACTIONS;
  const recoverable = isStream ? RECOVERABLE_STREAM_ACTIONS : RECOVERABLE_FILE_ACTIONS;
  const kinds = isRecoverable ? recoverable : all;
  return Array.from({ length: count }, () => ({ actions: drawActions(draw, kinds, latencyMs) }));
}

function drawActions(draw: Draw, kinds: readonly ActionKind[], latencyMs: number): readonly Action[] {
  return Array.from({ length: draw.choose([0, 1, 1, 2, 3]) }, () => ({
    at: draw.isTrue(0.2)
      ? { completingMs: draw.integer(0, 2 * latencyMs) }
      : draw.integer(1, draw.isTrue(0.5) ? 25 : 90),
    kind: draw.choose(kinds),
  }));
}

/** Most uploads take a few round trips only: most outages start early. */
function drawOutages(draw: Draw, latencyMs: number): readonly Outage[] {
  return Array.from({ length: draw.integer(1, 3) }, () => ({
    fromMs: draw.isTrue(0.7) ? draw.integer(0, 20 * latencyMs) : draw.integer(0, 20_000),
    durationMs: draw.choose([300, 5_000, 120_000, 600_000]),
  }));
}

/** The source changes during a pause: the upload cannot be resumed and must be removed from OSS. */
function drawChangeDuringPause(draw: Draw): readonly Action[] {
  const at = draw.integer(1, 12);
  return [
    { at, kind: 'pause' },
    { at: at + 1, kind: 'change source' },
  ];
}

const RECOVERABLE_STREAM_ACTIONS: readonly ActionKind[] = [
  'crash',
  'crash',
  'pause',
  'pause',
  'abort',
  'lower concurrency',
  'raise concurrency',
  'sleep',
];
const STREAM_ACTIONS: readonly ActionKind[] = [...RECOVERABLE_STREAM_ACTIONS, 'second upload'];
/** An aborted upload of a file can be restarted, that of a stream cannot. */
const RECOVERABLE_FILE_ACTIONS: readonly ActionKind[] = [...RECOVERABLE_STREAM_ACTIONS, 'abort uploads'];
const FILE_ACTIONS: readonly ActionKind[] = [
  ...RECOVERABLE_FILE_ACTIONS,
  'change source',
  'second process',
  'second machine',
  'second upload',
];

/** Swarm testing: each seed draws a few kinds of faults, and many faults of each. */
function drawFaults(draw: Draw, isRecoverable: boolean): readonly FaultRule[] {
  const kinds = isRecoverable
    ? TRANSIENT_FAULTS
    : [...TRANSIENT_FAULTS, ...TRANSIENT_FAULTS, ...PERMANENT_FAULTS];
  return Array.from({ length: isRecoverable ? draw.integer(0, 3) : draw.integer(0, 6) }, () => {
    const { operations, effects } = draw.choose(kinds);
    const rule = { operation: draw.choose(operations), effect: draw.choose(effects) };
    if (isRecoverable) return { ...rule, nth: draw.integer(1, 6), times: 1 };
    return { ...rule, probability: draw.choose([0.05, 0.2, 0.6]), times: draw.choose([1, 3, 40]) };
  });
}

interface FaultKind {
  readonly operations: readonly OssOperation[];
  readonly effects: readonly FaultEffect[];
}

const PART_OPERATIONS: readonly OssOperation[] = ['UploadPart', 'UploadPart', 'UploadPart', 'PutObject'];
const OTHER_OPERATIONS: readonly OssOperation[] = [
  'InitiateMultipartUpload',
  'ListParts',
  'CompleteMultipartUpload',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'HeadObject',
  'ListMultipartUploads',
];
const ALL_OPERATIONS = [...PART_OPERATIONS, ...OTHER_OPERATIONS];

function refuse(status: number, code: string, ec?: string, headers?: Record<string, string>): FaultEffect {
  return {
    kind: 'refuse',
    status,
    code,
    ...(ec === undefined ? {} : { ec }),
    ...(headers === undefined ? {} : { headers }),
  };
}

const TRANSIENT_FAULTS: readonly FaultKind[] = [
  {
    operations: ALL_OPERATIONS,
    effects: [
      refuse(503, 'ServiceUnavailable'),
      refuse(503, 'DownloadTrafficRateLimitExceeded', undefined, { 'Retry-After': '3' }),
      refuse(503, 'Throttled', undefined, { 'x-oss-qos-delay-time': '1500' }),
      refuse(500, 'InternalError'),
      refuse(429, 'QpsLimitExceeded'),
      refuse(400, 'RequestTimeout'),
      refuse(502, 'BadGateway'),
    ],
  },
  {
    operations: PART_OPERATIONS,
    effects: [
      refuse(403, 'AccessDenied', '0002-00000236'),
      refuse(403, 'SecurityTokenExpired', '0002-00000007'),
    ],
  },
  { operations: PART_OPERATIONS, effects: [refuse(400, 'IncompleteBody'), refuse(400, 'InvalidDigest')] },
  { operations: ALL_OPERATIONS, effects: [{ kind: 'dropResponse' }] },
  { operations: OTHER_OPERATIONS, effects: [{ kind: 'dropResponse' }] },
  {
    operations: PART_OPERATIONS,
    effects: [
      { kind: 'resetAfterBytes', bytes: 1 },
      { kind: 'resetAfterBytes', bytes: 90_000 },
    ],
  },
  { operations: ALL_OPERATIONS, effects: [{ kind: 'silent' }, { kind: 'silent', afterHandling: true }] },
  { operations: PART_OPERATIONS, effects: [{ kind: 'wrongCrc' }, { kind: 'corruptIncoming' }] },
  { operations: ['UploadPart'], effects: [{ kind: 'corruptStoredPart' }, { kind: 'losePart' }] },
  {
    operations: ['CompleteMultipartUpload'],
    effects: [
      { kind: 'errorIn200', code: 'InternalError' },
      { kind: 'errorIn200', code: 'InternalError', afterHandling: true },
      { kind: 'truncateResponse', bytes: 20 },
    ],
  },
  { operations: OTHER_OPERATIONS, effects: [{ kind: 'truncateResponse', bytes: 10 }] },
  {
    operations: ALL_OPERATIONS,
    effects: [
      { kind: 'latency', ms: 300 },
      { kind: 'latency', ms: 20_000 },
    ],
  },
  { operations: PART_OPERATIONS, effects: [{ kind: 'bandwidth', bytesPerSecond: 30_000 }] },
  { operations: ['UploadPart'], effects: [{ kind: 'clockJump', ms: 1_200_000 }] },
];

const PERMANENT_FAULTS: readonly FaultKind[] = [
  {
    operations: ALL_OPERATIONS,
    effects: [
      refuse(403, 'AccessDenied', '0003-00000201'),
      refuse(403, 'SignatureDoesNotMatch', '0002-00000201'),
      refuse(403, 'InvalidAccessKeyId', '0002-00000902'),
    ],
  },
  { operations: ['UploadPart'], effects: [refuse(404, 'NoSuchUpload', '0042-00000104')] },
  { operations: ['UploadPart'], effects: [refuse(409, 'PartAlreadyExist', '0042-00000108')] },
  { operations: ['UploadPart'], effects: [{ kind: 'corruptStoredPart', silent: true }] },
  { operations: PART_OPERATIONS, effects: [{ kind: 'clockJump', ms: -1_200_000 }] },
];

function createDraw(seed: number): {
  integer(min: number, max: number): number;
  isTrue(probability: number): boolean;
  choose<T>(choices: readonly T[]): T;
} {
  const random = createSeededRandom(seed);
  const integer = (min: number, max: number): number => min + Math.floor(random.next() * (max - min + 1));
  return {
    integer,
    isTrue: (probability) => random.next() < probability,
    choose: (choices) => choices[integer(0, choices.length - 1)] as (typeof choices)[number],
  };
}
