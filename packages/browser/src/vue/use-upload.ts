import type { Upload, UploadError, UploadedObject, UploadSnapshot } from '@partway/core';
import { type ComputedRef, computed, type MaybeRefOrGetter, shallowRef, toValue, watch } from 'vue';
import { EMPTY_VIEW, getViews, type UploadView } from '../upload-view.ts';

/** The state of an upload as refs, and the actions of its user. */
export interface UploadRefs {
  /** The state of the upload; `undefined` without an upload. */
  readonly snapshot: ComputedRef<UploadSnapshot | undefined>;
  /** The stored object; `undefined` unless the upload has completed. */
  readonly object: ComputedRef<UploadedObject | undefined>;
  /** The error; `undefined` unless the upload has failed. */
  readonly error: ComputedRef<UploadError | undefined>;
  /** Pauses the upload. Without an upload the three functions do nothing. */
  pause(): void;
  /** Resumes the paused upload. */
  resume(): void;
  /** Aborts the upload and removes its parts from OSS; resolves when this is done. */
  abort(): Promise<void>;
}

/**
 * Returns refs to the state of an upload, given directly or by a ref or getter. They change at most once per
 * frame, until the current scope ends. It does not start or abort the upload: abort it when it is no longer
 * needed.
 */
export function useUpload(upload: MaybeRefOrGetter<Upload | undefined>): UploadRefs {
  const view = shallowRef<UploadView>(EMPTY_VIEW);
  watch(
    () => toValue(upload),
    (current, _, onCleanup) => {
      const views = getViews(current);
      const show = (): void => {
        view.value = views.current();
      };
      onCleanup(views.subscribe(show));
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
