import type { UploadError, UploadEvent, UploadSnapshot } from '@partway/core';
import { crc64 } from '@partway/core';
import type { PartResponse, PresignedPart } from '@partway/core/ports';
import { type Backend, BUCKET } from './backend.ts';
import type { Scenario } from './scenario.ts';

/** Observes the calls and events of one engine, and reports violated invariants. */
export interface Observer {
  onSourceOpened(bytes: Uint8Array): void;
  onSourceClosed(): void;
  onFingerprint(bytes: Uint8Array): void;
  onStreamOpened(bytes: Uint8Array): void;
  /** A checkpoint lock was acquired. */
  onLocked(): void;
  onUnlocked(): void;
  /** A request to the control plane starts. */
  onVerb(verb: string): void;
  onInitiate(): void;
  onPresigned(parts: readonly PresignedPart[]): void;
  /** Returns a function to call at the end of the attempt. */
  onPutStarted(url: string): () => void;
  onPutResponse(url: string, response: PartResponse): void;
  onPutFailed(url: string): void;
  /** Returns a function to call at the end of the sleep. */
  onSleep(): () => void;
  onConcurrencyRaised(concurrency: number): void;
  onPause(): void;
  onEvent(event: UploadEvent, snapshot: UploadSnapshot): void;
  /** The upload has settled, or the process has crashed. */
  onEnded(isAlive: boolean): void;
  readonly observations: Observations;
}

/** The observations that the final checks need. */
export interface Observations {
  /** The bytes of the source that the last run opened. */
  readonly bytes: Uint8Array | undefined;
  /** The bytes of the source at its last fingerprint. */
  readonly fingerprintedBytes: Uint8Array | undefined;
  /** An upload was initiated and may have no checkpoint. */
  readonly mayHaveUnrecordedUpload: boolean;
  /** The event `cleanup-failed` was emitted. */
  readonly hasReportedLeftovers: boolean;
  readonly opened: Extract<UploadEvent, { type: 'opened' }> | undefined;
  readonly lastEvent: UploadEvent | undefined;
}

export interface ObserverOptions {
  readonly backend: Backend;
  readonly scenario: Scenario;
  readonly attemptsMax: number;
  /** Whether no other process works on the same upload. */
  isAlone(): boolean;
  reportViolation(message: string): void;
}

/** The time within which a pause must take effect. */
const PAUSE_MS_MAX = 100;

function hasNoSuchUploadFault({ faults }: Scenario): boolean {
  return faults.some(({ effect }) => effect.kind === 'refuse' && effect.code === 'NoSuchUpload');
}

export function createObserver({
  backend,
  scenario,
  attemptsMax,
  isAlone,
  reportViolation,
}: ObserverOptions): Observer {
  const { clock, model } = backend;
  // After NoSuchUpload two requests clean up. A pause waits for them.
  const pauseMsMax = PAUSE_MS_MAX + (hasNoSuchUploadFault(scenario) ? 2 * scenario.latencyMs : 0);
  const deadlines = new Map<string, number>();
  const confirmed = new Set<string>();
  /** The current attempt of each part. */
  const attempts = new Map<number, number>();
  /** Parts that OSS has stored although the client got no response. */
  const storedWithoutResponse = new Set<string>();
  const permanentlyRefused = new Set<string>();
  let [pendingTimers, locks, openSources, partsInFlight] = [0, 0, 0, 0];
  let concurrencyMax = scenario.concurrency;
  let pauseRequestedAt: number | undefined;
  let isPaused = false;
  let isCompleting = false;
  let mustPausePromptly = false;
  let confirmedBytes = 0;
  let uploadOfConfirmedBytes: string | undefined;
  const observations: { -readonly [Name in keyof Observations]: Observations[Name] } = {
    bytes: undefined,
    fingerprintedBytes: undefined,
    mayHaveUnrecordedUpload: false,
    hasReportedLeftovers: false,
    opened: undefined,
    lastEvent: undefined,
  };

  function checkPut(url: string): void {
    const { uploadId, partNumber } = parsePartUrl(url);
    if (clock.now() >= (deadlines.get(url) ?? Number.NEGATIVE_INFINITY))
      reportViolation('a part was sent with an expired URL');
    if (partsInFlight > concurrencyMax)
      reportViolation(`${partsInFlight} parts were in flight, the limit is ${concurrencyMax}`);
    if (isPaused) reportViolation('a part was sent while paused');
    const name = `${uploadId}/${partNumber}`;
    if (permanentlyRefused.has(name))
      reportViolation(`part ${partNumber} was sent again after a permanent refusal`);
    if (!isAlone()) return;
    if (storedWithoutResponse.has(name) && isStoredIntact(uploadId, partNumber)) {
      reportViolation(`part ${partNumber} was sent again after a lost response, although OSS has stored it`);
    }
    if (!confirmed.has(name)) return;
    if (isStoredAsConfirmed(uploadId, partNumber))
      reportViolation(`part ${partNumber} was sent again, although it is proven`);
    // OSS has lost or corrupted it meanwhile: it is no longer proven.
    confirmed.delete(name);
  }

  function checkAttempt({ partNumber, attempt }: Extract<UploadEvent, { type: 'part-attempt' }>): void {
    const expected = (attempts.get(partNumber) ?? 0) + 1;
    if (attempt !== expected)
      reportViolation(`attempt ${attempt} of part ${partNumber} was reported, expected ${expected}`);
    if (attempt > attemptsMax) reportViolation(`attempt ${attempt} of part ${partNumber} exceeds the limit`);
    if (isPaused) reportViolation('an attempt started while paused');
    attempts.set(partNumber, attempt);
  }

  function findStoredPart(uploadId: string | undefined, partNumber: number): { crc64: string } | undefined {
    const upload = model.uploads(BUCKET).find((each) => each.uploadId === uploadId);
    return upload?.parts.find((part) => part.partNumber === partNumber);
  }

  const confirmedCrc = new Map<string, string>();
  function isStoredAsConfirmed(uploadId: string | undefined, partNumber: number): boolean {
    return findStoredPart(uploadId, partNumber)?.crc64 === confirmedCrc.get(`${uploadId}/${partNumber}`);
  }

  function isStoredIntact(uploadId: string | undefined, partNumber: number): boolean {
    const { opened, bytes } = observations;
    const stored = findStoredPart(uploadId, partNumber);
    if (stored === undefined || opened === undefined || bytes === undefined || scenario.isStream)
      return false;
    const offset = (partNumber - 1) * opened.partSize;
    return stored.crc64 === crc64(bytes.subarray(offset, offset + opened.partSize));
  }

  function checkConfirmed(event: Extract<UploadEvent, { type: 'part-confirmed' }>): void {
    const { partNumber, crc64 } = event;
    const uploadId = observations.opened?.uploadId;
    confirmed.add(`${uploadId}/${partNumber}`);
    confirmedCrc.set(`${uploadId}/${partNumber}`, crc64);
    // An upload that is gone was completed by a request of a crashed process.
    const exists = model.uploads(BUCKET).some((upload) => upload.uploadId === uploadId);
    if (!exists || mayCorruptConfirmedParts(scenario) || !isAlone()) return;
    if (!isStoredAsConfirmed(uploadId, partNumber))
      reportViolation(`part ${partNumber} was confirmed, but OSS has not stored it`);
  }

  function checkProgress(snapshot: UploadSnapshot): void {
    const isOtherUpload = uploadOfConfirmedBytes !== snapshot.uploadId;
    if (!isOtherUpload && snapshot.confirmedBytes < confirmedBytes)
      reportViolation('the number of confirmed bytes decreased');
    if (snapshot.confirmedBytes > (observations.bytes?.length ?? 0))
      reportViolation('more bytes were confirmed than the source has');
    if (snapshot.sentBytes < snapshot.confirmedBytes) reportViolation('more bytes were confirmed than sent');
    uploadOfConfirmedBytes = snapshot.uploadId;
    confirmedBytes = snapshot.confirmedBytes;
  }

  return {
    observations,
    onSourceOpened(bytes) {
      openSources += 1;
      observations.bytes = bytes;
    },
    onSourceClosed() {
      openSources -= 1;
    },
    onFingerprint(bytes) {
      observations.fingerprintedBytes = bytes;
    },
    onStreamOpened(bytes) {
      observations.bytes = bytes;
    },
    onLocked() {
      locks += 1;
    },
    onUnlocked() {
      locks -= 1;
    },
    onVerb(verb) {
      // A single PutObject belongs to its own run alone: it may be removed without a lock.
      const isOwn = verb === 'abort' && scenario.size < scenario.partSize;
      if (scenario.isDurable && locks === 0 && !isOwn)
        reportViolation('the control plane was called without the lock of the upload');
    },
    onInitiate() {
      observations.mayHaveUnrecordedUpload = true;
    },
    onPresigned(parts) {
      for (const { url, expiresInMs } of parts) deadlines.set(url, clock.now() + expiresInMs);
    },
    onPutStarted(url) {
      partsInFlight += 1;
      checkPut(url);
      return () => {
        partsInFlight -= 1;
      };
    },
    onPutResponse(url, { body }) {
      const { uploadId, partNumber } = parsePartUrl(url);
      if (PERMANENT_REFUSAL.test(body)) permanentlyRefused.add(`${uploadId}/${partNumber}`);
    },
    onPutFailed(url) {
      const { uploadId, partNumber } = parsePartUrl(url);
      if (!mayRespondWrongly(scenario) && isStoredIntact(uploadId, partNumber))
        storedWithoutResponse.add(`${uploadId}/${partNumber}`);
    },
    onSleep() {
      pendingTimers += 1;
      return () => {
        pendingTimers -= 1;
      };
    },
    onConcurrencyRaised(concurrency) {
      concurrencyMax = Math.max(concurrencyMax, concurrency);
    },
    onPause() {
      pauseRequestedAt = clock.now();
      mustPausePromptly = observations.opened !== undefined && !isCompleting;
    },
    onEvent(event, snapshot) {
      const before = observations.lastEvent?.type;
      if (before === 'completed' || before === 'failed')
        reportViolation(`the event ${event.type} was emitted after the end`);
      observations.lastEvent = event;
      if (event.type === 'completing') isCompleting = true;
      if (event.type === 'opened') {
        isCompleting = false;
        permanentlyRefused.clear();
        attempts.clear();
        observations.opened = event;
        observations.mayHaveUnrecordedUpload = false;
      }
      if (event.type === 'part-attempt') checkAttempt(event);
      if (event.type === 'part-progress' && !attempts.has(event.partNumber))
        reportViolation(`part ${event.partNumber} was sent without the event part-attempt`);
      if (event.type === 'part-confirmed') {
        attempts.delete(event.partNumber);
        checkConfirmed(event);
      }
      if (event.type === 'headers-hidden')
        reportViolation('headers-hidden was emitted, although the transport hides no headers');
      if (event.type === 'cleanup-failed') observations.hasReportedLeftovers = true;
      if (event.type === 'retrying') checkRetry(event, attemptsMax, reportViolation);
      if (event.type === 'paused') {
        isPaused = true;
        const pauseMs = clock.now() - (pauseRequestedAt ?? clock.now());
        if (pauseMs > pauseMsMax && mustPausePromptly) reportViolation(`a pause took ${pauseMs} ms`);
        if (partsInFlight > 0) reportViolation(`${partsInFlight} parts were in flight while paused`);
      }
      if (event.type === 'resumed') {
        isPaused = false;
      }
      if ('error' in event) checkError(event.error, reportViolation);
      checkProgress(snapshot);
    },
    onEnded(isAlive) {
      if (!isAlive) return;
      if (pendingTimers > 0) reportViolation(`${pendingTimers} timers are pending after the end`);
      if (partsInFlight > 0) reportViolation(`${partsInFlight} parts are in flight after the end`);
      if (locks > 0) reportViolation('a lock is held after the end');
      if (openSources > 0) reportViolation('a source is open after the end');
    },
  };
}

/** Refusals that no new URL, delay or retry can fix. */
const PERMANENT_REFUSAL = /<Code>(?:SignatureDoesNotMatch|InvalidAccessKeyId)<|<EC>0003-00000201</;

function parsePartUrl(url: string): { readonly uploadId: string | undefined; readonly partNumber: number } {
  const { searchParams } = new URL(url);
  const uploadId = searchParams.get('uploadId') ?? undefined;
  return { uploadId, partNumber: Number(searchParams.get('partNumber') ?? 1) };
}

/** Whether OSS may lose or corrupt parts after it has confirmed them. */
function mayCorruptConfirmedParts({ faults }: Scenario): boolean {
  return faults.some(({ effect }) => effect.kind === 'losePart' || effect.kind === 'corruptStoredPart');
}

/** Whether OSS may store a part and still respond with an error or a wrong CRC64. */
function mayRespondWrongly(scenario: Scenario): boolean {
  const hasWrongCrc = scenario.faults.some(({ effect }) => effect.kind === 'wrongCrc');
  // A hedged request may be in flight when the first request is stopped.
  return mayCorruptConfirmedParts(scenario) || hasWrongCrc || scenario.hedge > 0.1;
}

function checkRetry(
  { error, delayMs }: Extract<UploadEvent, { type: 'retrying' }>,
  attemptsMax: number,
  reportViolation: (message: string) => void,
): void {
  if (error.disposition !== 'transient')
    reportViolation(`${error.code} was retried, although it is ${error.disposition}`);
  if ((error.context.attempt ?? 0) >= attemptsMax)
    reportViolation('a request was retried after its last attempt');
  if (delayMs < (error.context.retryAfterMs ?? 0)) reportViolation('a retry came sooner than OSS allows');
}

/** An error is an UploadError, not an internal one, and contains no secret, nor does any of its causes. */
function checkError(error: UploadError, reportViolation: (message: string) => void): void {
  if (error.name !== 'UploadError') reportViolation(`${error.name} is not an UploadError`);
  if (error.code === 'internal') reportViolation(`internal error: ${error.message} ${String(error.cause)}`);
  for (
    let each: unknown = error, depth = 0;
    each instanceof Error && depth < 5;
    depth += 1, each = each.cause
  ) {
    const text = `${each.message} ${each.stack ?? ''} ${JSON.stringify(each)}`;
    if (/signature=|secret-token|x-oss-credential/i.test(text))
      reportViolation(`the error ${error.code} contains a secret`);
  }
}
