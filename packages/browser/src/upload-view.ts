import type { Upload, UploadError, UploadedObject, UploadSnapshot } from '@partway/core';
import { onNextFrame } from './next-frame.ts';

/** What a page shows of an upload, and what it lets its user do. The same object until something changes. */
export interface UploadView {
  /** The state of the upload; `undefined` where there is none. */
  readonly snapshot: UploadSnapshot | undefined;
  /** `undefined` unless the upload has completed. */
  readonly object: UploadedObject | undefined;
  /** `undefined` unless the upload has failed. */
  readonly error: UploadError | undefined;
  /** As on the upload itself, and without effect where there is none. The same functions for one upload. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly abort: () => Promise<void>;
}

/** Views of one upload, one after the other. */
export interface UploadViews {
  current(): UploadView;
  /** Calls `onChange` after every change, at most once a frame. Returns the function that ends it. */
  subscribe(onChange: () => void): () => void;
}

/** The same views for the same upload, so that all who show it show the same. */
export function viewsOf(upload: Upload | undefined): UploadViews {
  if (upload === undefined) return NO_VIEWS;
  const known = viewsByUpload.get(upload) ?? createViews(upload);
  viewsByUpload.set(upload, known);
  return known;
}

/** Where there is no upload. */
export const NO_VIEW: UploadView = {
  snapshot: undefined,
  object: undefined,
  error: undefined,
  pause: () => undefined,
  resume: () => undefined,
  abort: () => Promise.resolve(),
};

const NO_VIEWS: UploadViews = { current: () => NO_VIEW, subscribe: () => () => undefined };

const viewsByUpload = new WeakMap<Upload, UploadViews>();

function createViews(upload: Upload): UploadViews {
  const listeners = new Set<() => void>();
  let view: UploadView = {
    ...NO_VIEW,
    pause: () => upload.pause(),
    resume: () => upload.resume(),
    abort: () => upload.abort(),
  };
  let leave = (): void => undefined;

  function refresh(): void {
    const snapshot = upload.snapshot();
    if (isSame(snapshot, view.snapshot)) return;
    view = { ...view, snapshot, object: snapshot.object, error: snapshot.error };
    for (const listener of [...listeners]) listener();
  }

  return {
    current() {
      // Nobody was told what happened meanwhile.
      if (listeners.size === 0) refresh();
      return view;
    },
    subscribe(onChange) {
      const listener = (): void => onChange();
      if (listeners.size === 0) {
        refresh();
        leave = upload.subscribe(() => onNextFrame(refresh));
      }
      listeners.add(listener);
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) leave();
      };
    },
  };
}

/** A snapshot is made anew each time it is asked for. */
function isSame(a: UploadSnapshot, b: UploadSnapshot | undefined): boolean {
  return b !== undefined && Object.entries(a).every(([name, value]) => value === b[name as keyof typeof b]);
}
