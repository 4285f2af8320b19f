import type { Upload, UploadError, UploadedObject, UploadSnapshot } from '@partway/core';
import { type ComputedRef, computed, type MaybeRefOrGetter, shallowRef, toValue, watch } from 'vue';
import { NO_VIEW, type UploadView, viewsOf } from '../upload-view.ts';

/** What a component shows of an upload, and what it lets its user do. */
export interface UploadRefs {
  /** The state of the upload; `undefined` where there is none. */
  readonly snapshot: ComputedRef<UploadSnapshot | undefined>;
  /** `undefined` unless the upload has completed. */
  readonly object: ComputedRef<UploadedObject | undefined>;
  /** `undefined` unless the upload has failed. */
  readonly error: ComputedRef<UploadError | undefined>;
  /** As on the upload itself, and without effect where there is none. */
  pause(): void;
  resume(): void;
  abort(): Promise<void>;
}

/**
 * Follows an upload, or whichever one a ref or getter gives, at most once a frame, until the scope it is
 * called in ends. Neither begins an upload nor ends it: abort it where it is no longer wanted.
 */
export function useUpload(upload: MaybeRefOrGetter<Upload | undefined>): UploadRefs {
  const view = shallowRef<UploadView>(NO_VIEW);
  watch(
    () => toValue(upload),
    (followed, _, onCleanup) => {
      const { current, subscribe } = viewsOf(followed);
      const show = (): void => {
        view.value = current();
      };
      onCleanup(subscribe(show));
      show();
    },
    { immediate: true, flush: 'sync' },
  );
  return {
    snapshot: computed(() => view.value.snapshot),
    object: computed(() => view.value.object),
    error: computed(() => view.value.error),
    pause: () => view.value.pause(),
    resume: () => view.value.resume(),
    abort: () => view.value.abort(),
  };
}
