import type { Upload } from '@partway/core';
import { useMemo, useSyncExternalStore } from 'react';
import { getViews, type UploadView } from '../upload-view.ts';

/**
 * Returns the views of several uploads, in their order, and renders at most once per frame for all of them.
 * Keep the array of uploads in a state: a new array in every rendering subscribes again every time.
 */
export function useUploads(uploads: readonly Upload[]): readonly UploadView[] {
  const { subscribe, current } = useMemo(() => combineViews(uploads), [uploads]);
  return useSyncExternalStore(subscribe, current, emptyViews);
}

interface CombinedViews {
  current(): readonly UploadView[];
  subscribe(onChange: () => void): () => void;
}

function combineViews(uploads: readonly Upload[]): CombinedViews {
  const all = uploads.map(getViews);
  let views: readonly UploadView[] = [];
  return {
    current() {
      const next = all.map(({ current }) => current());
      if (next.length !== views.length || next.some((view, index) => view !== views[index])) views = next;
      return views;
    },
    subscribe(onChange) {
      const unsubscribers = all.map(({ subscribe }) => subscribe(onChange));
      return () => {
        for (const unsubscribe of unsubscribers) unsubscribe();
      };
    },
  };
}

const NO_VIEWS: readonly UploadView[] = [];

function emptyViews(): readonly UploadView[] {
  return NO_VIEWS;
}
