import type { UploadError } from '../../errors.ts';
import type { UploadedObject } from '../../ports.ts';
import type { UploadEvent } from './events.ts';

/** The state of an upload, computed from its events alone. Sizes are in bytes. */
export interface UploadSnapshot {
  /** `opening` until the first part can be sent, and again after a pause. */
  readonly phase: 'opening' | 'sending' | 'paused' | 'completing' | 'completed' | 'failed';
  /** OSS's upload ID; `undefined` until the upload is opened, and for a single PutObject. */
  readonly uploadId: string | undefined;
  /** The size of the source; `undefined` until the upload is opened, and for a stream. */
  readonly size: number | undefined;
  /** The number of parts; `undefined` until the upload is opened, and for a stream. */
  readonly partCount: number | undefined;
  /** The number of parts that OSS has stored. */
  readonly partsConfirmed: number;
  /** Bytes that OSS has stored. Falls only when a new upload has to start. */
  readonly confirmedBytes: number;
  /** Confirmed bytes, and the sent bytes of the attempts in flight. Falls when an attempt fails. */
  readonly sentBytes: number;
  /** The speed over the last 32 confirmed parts; `undefined` before the first one. */
  readonly bytesPerSecond: number | undefined;
  /** The remaining time at this speed, in ms; `undefined` without a size or a speed. */
  readonly remainingMs: number | undefined;
  /** The number of failed attempts, of all requests. */
  readonly retries: number;
  /** Whether the upload waits because the machine has no network. */
  readonly isOffline: boolean;
  /** The object; `undefined` until the upload has completed. */
  readonly object: UploadedObject | undefined;
  /** The error; `undefined` unless the upload has failed. */
  readonly error: UploadError | undefined;
}

/** Computes the snapshot from the events. */
export interface SnapshotFold {
  add(event: UploadEvent): void;
  snapshot(): UploadSnapshot;
}

export function createSnapshotFold(): SnapshotFold {
  let state = INITIAL;
  let samples: Sample[] = [];
  const sentBytesOf = new Map<number, number>();
  const confirmed = new Set<number>();

  /** Each run opens the upload again. Of a new upload nothing is confirmed yet. */
  function open({ uploadId, at }: Extract<UploadEvent, { type: 'opened' }>): void {
    if (uploadId !== state.uploadId) {
      confirmed.clear();
      state = { ...state, uploadId, partsConfirmed: 0, confirmedBytes: 0 };
    }
    sentBytesOf.clear();
    samples = [{ at, bytes: state.confirmedBytes }];
  }

  function confirm({ partNumber, size, at }: Extract<UploadEvent, { type: 'part-confirmed' }>): void {
    sentBytesOf.delete(partNumber);
    // canary: bytes-counted-twice
    if (confirmed.has(partNumber)) return;
    confirmed.add(partNumber);
    const confirmedBytes = state.confirmedBytes + size;
    state = { ...state, partsConfirmed: confirmed.size, confirmedBytes };
    samples = [...samples.slice(1 - SAMPLES_MAX), { at, bytes: confirmedBytes }];
  }

  return {
    add(event) {
      if (event.type === 'opened') open(event);
      if (event.type === 'part-confirmed') confirm(event);
      if (event.type === 'part-progress') sentBytesOf.set(event.partNumber, event.sentBytes);
      if (event.type === 'retrying') sentBytesOf.delete(event.error.context.partNumber ?? 0);
      if (event.type === 'paused') sentBytesOf.clear();
      state = advance(state, event);
    },
    snapshot() {
      const bytesPerSecond = speed(samples);
      const sentBytes = [...sentBytesOf.values()].reduce((sum, bytes) => sum + bytes, state.confirmedBytes);
      return { ...state, sentBytes, bytesPerSecond, remainingMs: remaining(state, bytesPerSecond) };
    },
  };
}

/** Confirmed bytes at an instant. */
interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** The confirmed parts over which speed is measured: enough for a steady value that follows the link. */
const SAMPLES_MAX = 32;

const INITIAL: UploadSnapshot = {
  phase: 'opening',
  uploadId: undefined,
  size: undefined,
  partCount: undefined,
  partsConfirmed: 0,
  confirmedBytes: 0,
  sentBytes: 0,
  bytesPerSecond: undefined,
  remainingMs: undefined,
  retries: 0,
  isOffline: false,
  object: undefined,
  error: undefined,
};

function advance(state: UploadSnapshot, event: UploadEvent): UploadSnapshot {
  switch (event.type) {
    case 'opened':
      return { ...state, phase: 'sending', size: event.size, partCount: event.partCount };
    case 'retrying':
      return { ...state, retries: state.retries + 1 };
    case 'offline':
      return { ...state, isOffline: true };
    case 'online':
      return { ...state, isOffline: false };
    case 'paused':
      return { ...state, phase: 'paused', isOffline: false };
    case 'resumed':
      return { ...state, phase: 'opening' };
    case 'completing':
      return { ...state, phase: 'completing' };
    case 'completed':
      return { ...state, phase: 'completed', object: event.object };
    case 'failed':
      return { ...state, phase: 'failed', isOffline: false, error: event.error };
    default:
      return state;
  }
}

function speed(samples: readonly Sample[]): number | undefined {
  const first = samples.at(0);
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at <= first.at) return undefined;
  return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
}

function remaining(state: UploadSnapshot, bytesPerSecond: number | undefined): number | undefined {
  if (state.size === undefined || bytesPerSecond === undefined || bytesPerSecond === 0) return undefined;
  return ((state.size - state.confirmedBytes) / bytesPerSecond) * 1000;
}
