import { listUnfinishedUploads, type UnfinishedUpload } from '../../resume/list-unfinished-uploads.ts';
import type { PageCheckpoints } from '../../resume/page-checkpoints.ts';
import { type WatchedUpload, watchUploads } from '../../resume/watch-uploads.ts';

/** The unfinished uploads as they were read last, updated by the reports of other tabs. */
export interface UnfinishedCache {
  list(): readonly UnfinishedUpload[];
  /** Reads the store again. */
  refresh(): Promise<void>;
  /** Watches other tabs until `unwatch` is called. */
  watch(): void;
  unwatch(): void;
}

/** `isOwn`: whether an upload belongs to the element, which already knows its state. */
export function createUnfinishedCache(
  checkpoints: PageCheckpoints,
  isOwn: (id: string) => boolean,
  onChanged: () => void,
): UnfinishedCache {
  let cached: readonly UnfinishedUpload[] = [];
  let stopWatching: (() => void) | undefined;
  const refresh = runOneAtATime(async () => {
    cached = await listUnfinishedUploads({ checkpoints }).catch(() => []);
    onChanged();
  });

  function onReports(reports: readonly WatchedUpload[]): void {
    const others = reports.filter(({ id }) => !isOwn(id));
    if (others.length === 0) return;
    if (others.some((report) => isOutdated(cached, report))) void refresh();
    cached = cached.map((upload) => mergeReport(upload, others));
    onChanged();
  }

  return {
    list: () => cached,
    refresh,
    watch() {
      stopWatching ??= watchUploads(onReports, { checkpoints });
      void refresh();
    },
    unwatch() {
      stopWatching?.();
      stopWatching = undefined;
    },
  };
}

/** A call during a run starts one more run after it. */
function runOneAtATime(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  function start(): Promise<void> {
    next = undefined;
    current = run().finally(() => {
      current = undefined;
    });
    return current;
  }
  return () => {
    if (current === undefined) return start();
    next ??= current.then(start);
    return next;
  };
}

/** Whether the report shows that an upload was added or has ended, or that its tab has started or stopped. */
function isOutdated(cached: readonly UnfinishedUpload[], { id, phase, isActive }: WatchedUpload): boolean {
  const upload = cached.find((other) => other.id === id);
  const hasEnded = phase === 'completed' || phase === 'failed';
  return upload === undefined ? !hasEnded : hasEnded || upload.isActive !== isActive;
}

function mergeReport(upload: UnfinishedUpload, reports: readonly WatchedUpload[]): UnfinishedUpload {
  const { confirmedBytes = 0, isActive = upload.isActive } = reports.find(({ id }) => id === upload.id) ?? {};
  return { ...upload, isActive, confirmedBytes: Math.max(upload.confirmedBytes, confirmedBytes) };
}
