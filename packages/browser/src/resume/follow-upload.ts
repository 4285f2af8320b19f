import type { Upload, UploadEvent } from '@partway/core';
import { lockName } from './lock-name.ts';
import type { FollowedUpload, Following, PageCheckpoints } from './page-checkpoints.ts';
import { pauseWhileFrozen } from './pause-while-frozen.ts';
import { holdLivenessLock } from './tab-lock.ts';
import { openTabChannel, type TabChannel, tabUpload } from './tab-messages.ts';
import { createThrottle } from './throttle.ts';

/**
 * Notes the progress of one upload, keeps its handle, and tells the other tabs how far it is, as long as this
 * tab is the one that works on it: from the lock to the event that ends the walk.
 */
export function followUpload(checkpoints: PageCheckpoints, followed: FollowedUpload): Following {
  const ownership = createOwnership(checkpoints, followed);
  const keepHandle = async (id: string): Promise<void> => {
    if (followed.handle !== undefined) await checkpoints.saveHandle(id, followed.handle);
  };
  return {
    checkpoints: {
      ...checkpoints,
      async lock(id) {
        ownership.claim(id);
        const lease = await checkpoints.lock(id);
        ownership.begin(id);
        await keepHandle(id);
        return lease;
      },
      async save(id, text) {
        await checkpoints.save(id, text);
        await keepHandle(id);
      },
    },
    attach(upload) {
      ownership.attach(upload);
      upload.subscribe(ownership.hear);
      pauseWhileFrozen(upload);
    },
  };
}

/** What this tab does as the one that works on an upload. */
interface Ownership {
  attach(upload: Upload): void;
  /** To be called before the lock is taken: else somebody could see a lock, and nobody who lives. */
  claim(id: string): void;
  /** The lock is taken. */
  begin(id: string): void;
  hear(event: UploadEvent): void;
}

/** Other tabs are told four times a second at most … */
const TELL_MS = 250;
/** … and progress is noted once a second: what a killed tab forgets is that much, and never a part. */
const NOTE_MS = 1000;

function createOwnership(checkpoints: PageCheckpoints, followed: FollowedUpload): Ownership {
  const { databaseName } = checkpoints;
  let upload: Upload | undefined;
  let ownedId: string | undefined;
  let channel: TabChannel | undefined;
  let endLife: (() => void) | undefined;

  const telling = createThrottle(TELL_MS, () => {
    if (upload === undefined || ownedId === undefined) return;
    channel?.post({ type: 'upload', upload: tabUpload({ ...followed, id: ownedId }, upload.snapshot()) });
  });
  const noting = createThrottle(NOTE_MS, () => {
    if (upload === undefined || ownedId === undefined) return;
    // It never rejects, and nobody waits for it: a note is worth less than a part.
    void checkpoints.saveProgress(ownedId, upload.snapshot().confirmedBytes);
  });

  function end(): void {
    telling.now();
    noting.now();
    channel?.close();
    channel = undefined;
    ownedId = undefined;
    // After the last news, so that whoever hears of the end has heard how it ended.
    endLife?.();
    endLife = undefined;
  }

  return {
    attach(started) {
      upload = started;
    },
    claim(id) {
      endLife ??= holdLivenessLock(lockName(databaseName, id));
    },
    begin(id) {
      ownedId = id;
      channel ??= openTabChannel(databaseName, ({ type }) => {
        if (type === 'asked') telling.now();
      });
      telling.now();
    },
    hear({ type }) {
      if (type === 'paused' || type === 'completed' || type === 'failed') end();
      if (ownedId === undefined) return;
      if (type === 'part-confirmed') noting.ask();
      if (type === 'opened' || type === 'completing') telling.now();
      else telling.ask();
    },
  };
}
