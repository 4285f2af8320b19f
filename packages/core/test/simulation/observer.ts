import type { UploadError, UploadEvent, UploadSnapshot } from '@partway/core';
import { crc64 } from '@partway/core';
import type { PartResponse, PresignedPart } from '@partway/core/ports';
import { BUCKET, type Cloud } from './cloud.ts';
import type { Scenario } from './scenario.ts';

/** Watches one engine, and writes down whatever it must never do. */
export interface Observer {
  sourceOpened(bytes: Uint8Array): void;
  sourceClosed(): void;
  sourceNamed(bytes: Uint8Array): void;
  streamOpened(bytes: Uint8Array): void;
  leased(): void;
  released(): void;
  verbCalled(verb: string): void;
  initiating(): void;
  signed(parts: readonly PresignedPart[]): void;
  /** Gives what to call when the attempt has ended. */
  putStarted(url: string): () => void;
  putAnswered(url: string, answer: PartResponse): void;
  putUnanswered(url: string): void;
  /** Gives what to call when the sleep has ended. */
  sleeping(): () => void;
  concurrencyRaised(concurrency: number): void;
  pauseAsked(): void;
  event(event: UploadEvent, snapshot: UploadSnapshot): void;
  /** The engine has settled, or died. */
  ended(isAlive: boolean): void;
  readonly facts: Facts;
}

/** The facts that the final judgement needs. */
export interface Facts {
  /** The bytes of the source that the last run opened. */
  readonly bytes: Uint8Array | undefined;
  /** The bytes of the source at its last fingerprint. */
  readonly named: Uint8Array | undefined;
  /** An upload was initiated and may have no checkpoint. */
  readonly mayHaveForgotten: boolean;
  readonly toldOfRemains: boolean;
  readonly opened: Extract<UploadEvent, { type: 'opened' }> | undefined;
  readonly last: UploadEvent | undefined;
}

export interface Watched {
  readonly cloud: Cloud;
  readonly scenario: Scenario;
  readonly attemptsMax: number;
  /** Whether no other process works on the same upload. */
  isAlone(): boolean;
  blame(what: string): void;
}

/** A part sent within this time after pause() is allowed. */
const PAUSE_MS_MAX = 100;

function isCalledGone({ faults }: Scenario): boolean {
  return faults.some(({ effect }) => effect.kind === 'refuse' && effect.code === 'NoSuchUpload');
}

export function createObserver({ cloud, scenario, attemptsMax, isAlone, blame }: Watched): Observer {
  const { clock, model } = cloud;
  // What OSS calls gone is removed by two requests, which a pause may meet under way.
  const pauseMsMax = PAUSE_MS_MAX + (isCalledGone(scenario) ? 2 * scenario.latencyMs : 0);
  const deadlines = new Map<string, number>();
  const confirmed = new Set<string>();
  /** The attempt under way of each part. */
  const attempts = new Map<number, number>();
  /** Parts stored by OSS with a lost response. */
  const unheard = new Set<string>();
  const forbidden = new Set<string>();
  let [sleepers, leases, openSources, puts] = [0, 0, 0, 0];
  let concurrencyMax = scenario.concurrency;
  let pauseAskedAt: number | undefined;
  let isPaused = false;
  let isCompleting = false;
  let isPrompt = false;
  let confirmedBytes = 0;
  let uploadOfBytes: string | undefined;
  const facts: { -readonly [Name in keyof Facts]: Facts[Name] } = {
    bytes: undefined,
    named: undefined,
    mayHaveForgotten: false,
    toldOfRemains: false,
    opened: undefined,
    last: undefined,
  };

  function checkPut(url: string): void {
    const { uploadId, partNumber } = read(url);
    if (clock.now() >= (deadlines.get(url) ?? Number.NEGATIVE_INFINITY)) blame('an expired URL was sent');
    if (puts > concurrencyMax) blame(`${puts} parts were in flight, ${concurrencyMax} were allowed`);
    if (isPaused) blame('a part was sent during a pause');
    const name = `${uploadId}/${partNumber}`;
    if (forbidden.has(name)) blame(`part ${partNumber} was refused for good, and sent again`);
    if (!isAlone()) return;
    if (unheard.has(name) && isHeldExactly(uploadId, partNumber)) {
      blame(`part ${partNumber} is in OSS, and was sent again for want of an answer`);
    }
    if (!confirmed.has(name)) return;
    if (isHeld(uploadId, partNumber)) blame(`part ${partNumber} was proven, and sent again`);
    // OSS has lost or corrupted it since: it is no longer proven.
    confirmed.delete(name);
  }

  function checkAttempt({ partNumber, attempt }: Extract<UploadEvent, { type: 'part-attempt' }>): void {
    const expected = (attempts.get(partNumber) ?? 0) + 1;
    if (attempt !== expected) blame(`attempt ${attempt} of part ${partNumber} was told, not ${expected}`);
    if (attempt > attemptsMax) blame(`attempt ${attempt} of part ${partNumber} was one too many`);
    if (isPaused) blame('an attempt began during a pause');
    attempts.set(partNumber, attempt);
  }

  function heldPart(uploadId: string | undefined, partNumber: number): { crc64: string } | undefined {
    const upload = model.uploads(BUCKET).find((each) => each.uploadId === uploadId);
    return upload?.parts.find((part) => part.partNumber === partNumber);
  }

  const confirmedCrc = new Map<string, string>();
  function isHeld(uploadId: string | undefined, partNumber: number): boolean {
    return heldPart(uploadId, partNumber)?.crc64 === confirmedCrc.get(`${uploadId}/${partNumber}`);
  }

  function isHeldExactly(uploadId: string | undefined, partNumber: number): boolean {
    const { opened, bytes } = facts;
    const held = heldPart(uploadId, partNumber);
    if (held === undefined || opened === undefined || bytes === undefined || scenario.isStream) return false;
    const from = (partNumber - 1) * opened.partSize;
    return held.crc64 === crc64(bytes.subarray(from, from + opened.partSize));
  }

  function checkConfirmed(event: Extract<UploadEvent, { type: 'part-confirmed' }>): void {
    const { partNumber, crc64 } = event;
    const uploadId = facts.opened?.uploadId;
    confirmed.add(`${uploadId}/${partNumber}`);
    confirmedCrc.set(`${uploadId}/${partNumber}`, crc64);
    // Gone altogether: what a dead process had sent was completed meanwhile.
    const isThere = model.uploads(BUCKET).some((upload) => upload.uploadId === uploadId);
    if (!isThere || mayBeSpoilt(scenario) || !isAlone()) return;
    if (!isHeld(uploadId, partNumber)) blame(`part ${partNumber} was confirmed, but OSS does not hold it`);
  }

  function checkProgress(snapshot: UploadSnapshot): void {
    const isAnother = uploadOfBytes !== snapshot.uploadId;
    if (!isAnother && snapshot.confirmedBytes < confirmedBytes) blame('confirmed bytes fell');
    if (snapshot.confirmedBytes > (facts.bytes?.length ?? 0))
      blame('more bytes were confirmed than there are');
    if (snapshot.sentBytes < snapshot.confirmedBytes) blame('fewer bytes were sent than confirmed');
    uploadOfBytes = snapshot.uploadId;
    confirmedBytes = snapshot.confirmedBytes;
  }

  return {
    facts,
    sourceOpened(bytes) {
      openSources += 1;
      facts.bytes = bytes;
    },
    sourceClosed() {
      openSources -= 1;
    },
    sourceNamed(bytes) {
      facts.named = bytes;
    },
    streamOpened(bytes) {
      facts.bytes = bytes;
    },
    leased() {
      leases += 1;
    },
    released() {
      leases -= 1;
    },
    verbCalled(verb) {
      // A single PutObject belongs to its own run alone: it may be removed without a lock.
      const isOwn = verb === 'abort' && scenario.size < scenario.partSize;
      if (scenario.isDurable && leases === 0 && !isOwn) blame('an upload was worked on without its lock');
    },
    initiating() {
      facts.mayHaveForgotten = true;
    },
    signed(parts) {
      for (const { url, expiresInMs } of parts) deadlines.set(url, clock.now() + expiresInMs);
    },
    putStarted(url) {
      puts += 1;
      checkPut(url);
      return () => {
        puts -= 1;
      };
    },
    putAnswered(url, { body }) {
      const { uploadId, partNumber } = read(url);
      if (FOR_GOOD.test(body)) forbidden.add(`${uploadId}/${partNumber}`);
    },
    putUnanswered(url) {
      const { uploadId, partNumber } = read(url);
      if (!mayMislead(scenario) && isHeldExactly(uploadId, partNumber))
        unheard.add(`${uploadId}/${partNumber}`);
    },
    sleeping() {
      sleepers += 1;
      return () => {
        sleepers -= 1;
      };
    },
    concurrencyRaised(concurrency) {
      concurrencyMax = Math.max(concurrencyMax, concurrency);
    },
    pauseAsked() {
      pauseAskedAt = clock.now();
      isPrompt = facts.opened !== undefined && !isCompleting;
    },
    event(event, snapshot) {
      const before = facts.last?.type;
      if (before === 'completed' || before === 'failed') blame(`${event.type} came after the end`);
      facts.last = event;
      if (event.type === 'completing') isCompleting = true;
      if (event.type === 'opened') {
        isCompleting = false;
        forbidden.clear();
        attempts.clear();
        facts.opened = event;
        facts.mayHaveForgotten = false;
      }
      if (event.type === 'part-attempt') checkAttempt(event);
      if (event.type === 'part-progress' && !attempts.has(event.partNumber))
        blame(`part ${event.partNumber} was sent, and no attempt was told`);
      if (event.type === 'part-confirmed') {
        attempts.delete(event.partNumber);
        checkConfirmed(event);
      }
      if (event.type === 'headers-hidden')
        blame('headers were said to be hidden, and no transport hides any');
      if (event.type === 'cleanup-failed') facts.toldOfRemains = true;
      if (event.type === 'retrying') checkRetry(event, attemptsMax, blame);
      if (event.type === 'paused') {
        isPaused = true;
        const waitedMs = clock.now() - (pauseAskedAt ?? clock.now());
        if (waitedMs > pauseMsMax && isPrompt) blame(`a pause took ${waitedMs} ms`);
        if (puts > 0) blame(`${puts} parts were in flight during a pause`);
      }
      if (event.type === 'resumed') {
        isPaused = false;
      }
      if ('error' in event) checkError(event.error, blame);
      checkProgress(snapshot);
    },
    ended(isAlive) {
      if (!isAlive) return;
      if (sleepers > 0) blame(`${sleepers} sleepers are left`);
      if (puts > 0) blame(`${puts} parts are left in flight`);
      if (leases > 0) blame('a lock was not released');
      if (openSources > 0) blame('a source was not closed');
    },
  };
}

/** Errors that no new URL, delay or retry can fix. */
const FOR_GOOD = /<Code>(?:SignatureDoesNotMatch|InvalidAccessKeyId)<|<EC>0003-00000201</;

function read(url: string): { readonly uploadId: string | undefined; readonly partNumber: number } {
  const { searchParams } = new URL(url);
  const uploadId = searchParams.get('uploadId') ?? undefined;
  return { uploadId, partNumber: Number(searchParams.get('partNumber') ?? 1) };
}

/** OSS loses or corrupts parts after it has confirmed them. */
function mayBeSpoilt({ faults }: Scenario): boolean {
  return faults.some(({ effect }) => effect.kind === 'losePart' || effect.kind === 'corruptStoredPart');
}

/** OSS may hold a part with a wrong response. */
function mayMislead(scenario: Scenario): boolean {
  const mayLie = scenario.faults.some(({ effect }) => effect.kind === 'wrongCrc');
  // A second copy may be on its way when the first is given up.
  return mayBeSpoilt(scenario) || mayLie || scenario.hedge > 0.1;
}

function checkRetry(
  { error, delayMs }: Extract<UploadEvent, { type: 'retrying' }>,
  attemptsMax: number,
  blame: (what: string) => void,
): void {
  if (error.disposition !== 'transient') blame(`${error.code} is ${error.disposition}, and was retried`);
  if ((error.context.attempt ?? 0) >= attemptsMax) blame('a request was tried too often');
  if (delayMs < (error.context.retryAfterMs ?? 0)) blame('OSS asked to wait for longer');
}

/** Typed, ours, and without a secret, to the last cause. */
function checkError(error: UploadError, blame: (what: string) => void): void {
  if (error.name !== 'UploadError') blame(`${error.name} is no UploadError`);
  if (error.code === 'internal') blame(`an internal error: ${error.message} ${String(error.cause)}`);
  for (
    let each: unknown = error, depth = 0;
    each instanceof Error && depth < 5;
    depth += 1, each = each.cause
  ) {
    const told = `${each.message} ${each.stack ?? ''} ${JSON.stringify(each)}`;
    if (/signature=|secret-token|x-oss-credential/i.test(told)) blame(`${error.code} tells a secret`);
  }
}
