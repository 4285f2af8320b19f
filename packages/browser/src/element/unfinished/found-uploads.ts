import { listUnfinishedUploads, type UnfinishedUpload } from '../../resume/list-unfinished-uploads.ts';
import type { PageCheckpoints } from '../../resume/page-checkpoints.ts';
import { type WatchedUpload, watchUploads } from '../../resume/watch-uploads.ts';

/** What is remembered, as it was read last, with what was heard of other tabs since. */
export interface FoundUploads {
  all(): readonly UnfinishedUpload[];
  /** Reads it anew. */
  refresh(): Promise<void>;
  /** Follows what other tabs do, until it is left. */
  watch(): void;
  leave(): void;
}

/** `isOwn`: of the element itself, which needs not be told of it. */
export function createFoundUploads(
  checkpoints: PageCheckpoints,
  isOwn: (id: string) => boolean,
  changed: () => void,
): FoundUploads {
  let found: readonly UnfinishedUpload[] = [];
  let stopWatching: (() => void) | undefined;
  const refresh = oneAtATime(async () => {
    found = await listUnfinishedUploads({ checkpoints }).catch(() => []);
    changed();
  });

  function hear(uploads: readonly WatchedUpload[]): void {
    const others = uploads.filter(({ id }) => !isOwn(id));
    if (others.length === 0) return;
    if (others.some((upload) => isNews(upload, found))) void refresh();
    found = found.map((known) => asHeard(known, others));
    changed();
  }

  return {
    all: () => found,
    refresh,
    watch() {
      stopWatching ??= watchUploads(hear, { checkpoints });
      void refresh();
    },
    leave() {
      stopWatching?.();
      stopWatching = undefined;
    },
  };
}

/** Whoever asks while it is being done has it done once more. */
function oneAtATime(act: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  function begin(): Promise<void> {
    next = undefined;
    current = act().finally(() => {
      current = undefined;
    });
    return current;
  }
  return () => {
    if (current === undefined) return begin();
    next ??= current.then(begin);
    return next;
  };
}

/** What was read does not know of it, or not how it is now. */
function isNews({ id, phase, isUnderWay }: WatchedUpload, found: readonly UnfinishedUpload[]): boolean {
  const known = found.find((upload) => upload.id === id);
  const isOver = phase === 'completed' || phase === 'failed';
  return known === undefined ? !isOver : isOver || known.isUnderWay !== isUnderWay;
}

function asHeard(known: UnfinishedUpload, heard: readonly WatchedUpload[]): UnfinishedUpload {
  const { confirmedBytes = 0, isUnderWay = known.isUnderWay } = heard.find(({ id }) => id === known.id) ?? {};
  return { ...known, isUnderWay, confirmedBytes: Math.max(known.confirmedBytes, confirmedBytes) };
}
