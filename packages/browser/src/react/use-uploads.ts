import type { Upload } from '@partway/core';
import { useMemo, useSyncExternalStore } from 'react';
import { type UploadView, viewsOf } from '../upload-view.ts';

/**
 * The same of many: a view for each upload, in their order, and one rendering a frame for all of them. The
 * array of uploads is best kept in a state; one made anew for every rendering is subscribed to anew.
 */
export function useUploads(uploads: readonly Upload[]): readonly UploadView[] {
  const { subscribe, current } = useMemo(() => jointViews(uploads), [uploads]);
  return useSyncExternalStore(subscribe, current, noViews);
}

interface JointViews {
  current(): readonly UploadView[];
  subscribe(onChange: () => void): () => void;
}

function jointViews(uploads: readonly Upload[]): JointViews {
  const all = uploads.map(viewsOf);
  let views: readonly UploadView[] = [];
  return {
    current() {
      const next = all.map(({ current }) => current());
      if (next.length !== views.length || next.some((view, index) => view !== views[index])) views = next;
      return views;
    },
    subscribe(onChange) {
      const leaves = all.map(({ subscribe }) => subscribe(onChange));
      return () => {
        for (const leave of leaves) leave();
      };
    },
  };
}

const NO_VIEWS: readonly UploadView[] = [];

function noViews(): readonly UploadView[] {
  return NO_VIEWS;
}
