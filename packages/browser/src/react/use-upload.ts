import type { Upload } from '@partway/core';
import { useSyncExternalStore } from 'react';
import { EMPTY_VIEW, getViews, type UploadView } from '../upload-view.ts';

/**
 * Returns the view of an upload, and renders when it changes, at most once per frame. It does not start or
 * abort the upload: keep the handle in a state, and abort it when it is no longer needed.
 */
export function useUpload(upload: Upload | undefined): UploadView {
  const { subscribe, current } = getViews(upload);
  return useSyncExternalStore(subscribe, current, emptyView);
}

/** For rendering on a server, which has no uploads. */
function emptyView(): UploadView {
  return EMPTY_VIEW;
}
