import type { Upload, UploadError, UploadedObject, UploadSnapshot } from '@partway/core';
import { runOnNextFrame } from './next-frame.ts';

/** The state of an upload, and the actions of its user. The same object until the state changes. */
export interface UploadView {
  /** The state of the upload; `undefined` without an upload. */
  readonly snapshot: UploadSnapshot | undefined;
  /** The stored object; `undefined` unless the upload has completed. */
  readonly object: UploadedObject | undefined;
  /** The error; `undefined` unless the upload has failed. */
  readonly error: UploadError | undefined;
  /** Pauses the upload. The three functions stay the same for one upload; without one they do nothing. */
  readonly pause: () => void;
  /** Resumes the paused upload. */
  readonly resume: () => void;
  /** Aborts the upload and removes its parts from OSS; resolves when this is done. */
  readonly abort: () => Promise<void>;
}

/** The current view of one upload, and its changes. */
export interface UploadViews {
  current(): UploadView;
  /** Calls `onChange` after every change, at most once per frame. Returns the function that unsubscribes. */
  subscribe(onChange: () => void): () => void;
}

/** Returns the same views for the same upload, so that all components show the same state. */
export function getViews(upload: Upload | undefined): UploadViews {
  if (upload === undefined) return EMPTY_VIEWS;
  const views = viewsByUpload.get(upload) ?? createViews(upload);
  viewsByUpload.set(upload, views);
  return views;
}

/** The view without an upload. */
export const EMPTY_VIEW: UploadView = {
  snapshot: undefined,
  object: undefined,
  error: undefined,
  pause: () => undefined,
  resume: () => undefined,
  abort: () => Promise.resolve(),
};

const EMPTY_VIEWS: UploadViews = { current: () => EMPTY_VIEW, subscribe: () => () => undefined };

const viewsByUpload = new WeakMap<Upload, UploadViews>();

function createViews(upload: Upload): UploadViews {
  const listeners = new Set<() => void>();
  let view: UploadView = {
    ...EMPTY_VIEW,
    pause: () => upload.pause(),
    resume: () => upload.resume(),
    abort: () => upload.abort(),
  };
  let unsubscribe = (): void => undefined;

  function refresh(): void {
    const snapshot = upload.snapshot();
    if (isEqual(snapshot, view.snapshot)) return;
    view = { ...view, snapshot, object: snapshot.object, error: snapshot.error };
    for (const listener of [...listeners]) listener();
  }

  return {
    current() {
      // Without a listener the view is not kept up to date.
      if (listeners.size === 0) refresh();
      return view;
    },
    subscribe(onChange) {
      const listener = (): void => onChange();
      if (listeners.size === 0) {
        refresh();
        unsubscribe = upload.subscribe(() => runOnNextFrame(refresh));
      }
      listeners.add(listener);
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) unsubscribe();
      };
    },
  };
}

/** Compares by value: `snapshot()` returns a new object on every call. */
function isEqual(a: UploadSnapshot, b: UploadSnapshot | undefined): boolean {
  return b !== undefined && Object.entries(a).every(([name, value]) => value === b[name as keyof typeof b]);
}
