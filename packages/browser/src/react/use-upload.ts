import type { Upload } from '@partway/core';
import { useSyncExternalStore } from 'react';
import { NO_VIEW, type UploadView, viewsOf } from '../upload-view.ts';

/**
 * Renders when the upload has changed, at most once a frame. Neither begins an upload nor ends it: keep the
 * handle in a state, and abort it where it is no longer wanted.
 */
export function useUpload(upload: Upload | undefined): UploadView {
  const { subscribe, current } = viewsOf(upload);
  return useSyncExternalStore(subscribe, current, noView);
}

/** On a server nothing is uploaded. */
function noView(): UploadView {
  return NO_VIEW;
}
