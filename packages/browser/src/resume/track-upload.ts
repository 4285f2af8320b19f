import type { Upload, UploadEvent } from '@partway/core';
import type { PageCheckpoints, TrackedUpload, UploadTracker } from './page-checkpoints.ts';
import { pauseWhileFrozen } from './pause-while-frozen.ts';
import { holdLivenessLock, lockName } from './tab-lock.ts';
import { openTabChannel, type TabChannel, toTabUpload } from './tab-messages.ts';
import { createThrottle } from './throttle.ts';

/**
 * Tracks one upload while this tab owns it: from the acquired lock to the event that ends or pauses it.
 * Saves its progress and its handle, and reports its state to the other tabs.
 */
export function trackUpload(checkpoints: PageCheckpoints, tracked: TrackedUpload): UploadTracker {
  const ownership = createOwnership(checkpoints, tracked);
  const saveHandle = async (id: string): Promise<void> => {
    if (tracked.handle !== undefined) await checkpoints.saveHandle(id, tracked.handle);
  };
  return {
    checkpoints: {
      ...checkpoints,
      async lock(id) {
        ownership.showLiveness(id);
        const lease = await checkpoints.lock(id);
        ownership.start(id);
        await saveHandle(id);
        return lease;
      },
      async save(id, text) {
        await checkpoints.save(id, text);
        await saveHandle(id);
      },
    },
    attach(upload) {
      ownership.attach(upload);
      upload.subscribe(ownership.onEvent);
      pauseWhileFrozen(upload);
    },
  };
}

/** The work of the tab that owns an upload. */
interface Ownership {
  attach(upload: Upload): void;
  /** To be called before the lock is acquired: a held lock without a live owner looks abandoned. */
  showLiveness(id: string): void;
  /** To be called when the lock is acquired. */
  start(id: string): void;
  onEvent(event: UploadEvent): void;
}

/** Reports to other tabs are at least this far apart. */
const REPORT_INTERVAL_MS = 250;
/** So are writes of the progress: a killed tab loses at most one second of it, and no part. */
const SAVE_INTERVAL_MS = 1000;

function createOwnership(checkpoints: PageCheckpoints, tracked: TrackedUpload): Ownership {
  const { databaseName } = checkpoints;
  let upload: Upload | undefined;
  let ownedId: string | undefined;
  let channel: TabChannel | undefined;
  let releaseLiveness: (() => void) | undefined;

  const report = createThrottle(REPORT_INTERVAL_MS, () => {
    if (upload === undefined || ownedId === undefined) return;
    channel?.post({ type: 'upload', upload: toTabUpload({ ...tracked, id: ownedId }, upload.snapshot()) });
  });
  const saveProgress = createThrottle(SAVE_INTERVAL_MS, () => {
    if (upload === undefined || ownedId === undefined) return;
    // It never rejects. The upload does not wait for it.
    void checkpoints.saveProgress(ownedId, upload.snapshot().confirmedBytes);
  });

  function end(): void {
    report.runNow();
    saveProgress.runNow();
    channel?.close();
    channel = undefined;
    ownedId = undefined;
    // After the last report: a tab that sees the lock released already knows how the upload ended.
    releaseLiveness?.();
    releaseLiveness = undefined;
  }

  return {
    attach(started) {
      upload = started;
    },
    showLiveness(id) {
      releaseLiveness ??= holdLivenessLock(lockName(databaseName, id));
    },
    start(id) {
      ownedId = id;
      channel ??= openTabChannel(databaseName, ({ type }) => {
        if (type === 'report-request') report.runNow();
      });
      report.runNow();
    },
    onEvent({ type }) {
      if (type === 'paused' || type === 'completed' || type === 'failed') end();
      if (ownedId === undefined) return;
      if (type === 'part-confirmed') saveProgress.request();
      if (type === 'opened' || type === 'completing') report.runNow();
      else report.request();
    },
  };
}
