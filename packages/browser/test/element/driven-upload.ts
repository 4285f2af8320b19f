import type { Upload, UploadEvent, UploadedObject, UploadSnapshot } from '@partway/browser';
import { UploadError } from '@partway/core';

/** An upload driven by a test. */
export interface DrivenUpload extends Upload {
  /** Changes the state and notifies the listeners. */
  set(change: Partial<UploadSnapshot>): void;
  complete(): void;
  fail(error?: UploadError): void;
  listenerCount(): number;
}

export const OBJECT: UploadedObject = {
  bucket: 'media',
  key: 'holiday.mp4',
  size: 100,
  crc64: '1',
  etag: '"E"',
  requestId: 'R',
};

export const REFUSED: UploadError = new UploadError({
  code: 'access_denied',
  message: 'refused',
  disposition: 'permanent',
});

export function driveUpload(size = 100): DrivenUpload {
  const listeners = new Set<(event: UploadEvent) => void>();
  const { promise, resolve, reject } = withResolvers<UploadedObject>();
  promise.catch(() => undefined);
  let state: UploadSnapshot = { ...OPENING, size };

  function set(change: Partial<UploadSnapshot>): void {
    state = { ...state, ...change };
    for (const listener of [...listeners]) listener({ type: 'resumed', at: 0 });
  }

  function fail(error = REFUSED): void {
    set({ phase: 'failed', error });
    reject(error);
  }

  return {
    result: promise,
    snapshot: () => ({ ...state }),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    pause: () => set({ phase: 'paused' }),
    resume: () => set({ phase: 'sending' }),
    abort: async () =>
      fail(new UploadError({ code: 'aborted', message: 'aborted', disposition: 'permanent' })),
    setConcurrency: () => undefined,
    set,
    fail,
    complete() {
      set({ phase: 'completed', object: OBJECT, sentBytes: size, confirmedBytes: size });
      resolve(OBJECT);
    },
    listenerCount: () => listeners.size,
  };
}

const OPENING: UploadSnapshot = {
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

interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

function withResolvers<T>(): Resolvers<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((onValue, onReason) => {
    resolve = onValue;
    reject = onReason;
  });
  return { promise, resolve, reject };
}

/** Resolves after the work scheduled for the next frame. */
export async function painted(): Promise<void> {
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
}
