import { type ControlPlane, type Upload, UploadError, type UploadErrorCode } from '@partway/core';
import type { UnfinishedUpload } from '../../resume/list-unfinished-uploads.ts';
import type { PageCheckpoints, TrackedUpload, UploadTracker } from '../../resume/page-checkpoints.ts';
import { removeUpload } from '../../resume/remove-upload.ts';
import { loadOptionsForFile, openFileByHandle } from '../../resume/resume-upload.ts';
import type { UploadFileOptions } from '../../upload-file.ts';
import type { SelectedFile } from '../drop-zone.ts';
import { createUnfinishedCache, type UnfinishedCache } from './unfinished-cache.ts';

/** An upload that an earlier page or another tab has started. */
export interface UnfinishedEntry extends UnfinishedUpload {
  /** The error of the user's last action. */
  readonly problem: UploadErrorCode | undefined;
  /** Whether an action of the user is in progress. */
  readonly isBusy: boolean;
}

/** The unfinished uploads of one store, without those in the element's list of files. */
export interface UnfinishedUploads extends Pick<UnfinishedCache, 'watch' | 'unwatch'> {
  /** The store for the uploads of the element. */
  readonly checkpoints: PageCheckpoints;
  list(): readonly UnfinishedEntry[];
  /**
   * Opens the file of an upload: the chosen one or, without it, the one of the handle. `undefined` after an
   * error, which the entry then shows.
   */
  openFile(id: string, chosen: File | undefined): Promise<OpenedFile | undefined>;
  /** Records that `upload` resumes the unfinished upload `id`. */
  link(upload: Upload, id: string): void;
  /** Removes an unfinished upload from OSS and from the store. */
  remove(id: string): Promise<void>;
  /** Removes the unfinished upload, if any, of a file that was removed from the list. */
  removeListed(upload: Upload): Promise<void>;
}

/** A file to resume with, and the options with which its upload started. */
export interface OpenedFile extends SelectedFile {
  readonly options: Partial<UploadFileOptions>;
}

export interface UnfinishedUploadsOptions {
  controlPlane(): ControlPlane;
  /** Whether the upload belongs to a file that is in the list now. */
  isListed(upload: Upload): boolean;
  onChanged(): void;
}

export function createUnfinishedUploads(
  store: PageCheckpoints,
  options: UnfinishedUploadsOptions,
): UnfinishedUploads {
  const ownUploads = new Map<string, Upload>();
  const problems = new Map<string, UploadErrorCode>();
  const [busyIds, removedIds] = [new Set<string>(), new Set<string>()];
  const { list, refresh, watch, unwatch } = createUnfinishedCache(store, isListed, options.onChanged);

  function isListed(id: string): boolean {
    const upload = ownUploads.get(id);
    return removedIds.has(id) || (upload !== undefined && options.isListed(upload));
  }

  function link(upload: Upload, id: string | undefined): void {
    for (const [otherId, other] of ownUploads) if (other === upload) ownUploads.delete(otherId);
    if (id !== undefined) ownUploads.set(id, upload);
    options.onChanged();
    upload.result.then(refresh, () => undefined);
  }

  /** Runs an action of the user. An error is shown in the entry. */
  async function runAction<T>(id: string, action: () => Promise<T>): Promise<T | undefined> {
    problems.delete(id);
    busyIds.add(id);
    options.onChanged();
    try {
      return await action();
    } catch (reason) {
      problems.set(id, UploadError.from(reason).code);
      return undefined;
    } finally {
      busyIds.delete(id);
      options.onChanged();
    }
  }

  async function remove(id: string): Promise<void> {
    const { controlPlane } = options;
    // The refresh is part of the action: removal locks the upload, and the entry must not show that lock.
    await runAction(id, () =>
      removeUpload(id, { controlPlane: controlPlane(), checkpoints: store }).finally(refresh),
    );
  }

  return {
    checkpoints: reportUploadIds(store, link),
    list: () =>
      list()
        .filter(({ id }) => !isListed(id))
        .map((upload) => toEntry(upload, problems.get(upload.id), busyIds.has(upload.id))),
    ...{ watch, unwatch },
    openFile: (id, chosen) => runAction(id, () => openFile(id, chosen, store)),
    link,
    remove,
    async removeListed(upload) {
      const [id] = [...ownUploads].find(([, other]) => other === upload) ?? [];
      if (id === undefined) return;
      removedIds.add(id);
      await upload.result.catch(() => undefined);
      await remove(id);
      removedIds.delete(id);
      options.onChanged();
    },
  };
}

/** During an action this page itself holds the lock: the entry is busy, and not active in another tab. */
function toEntry(
  upload: UnfinishedUpload,
  problem: UploadErrorCode | undefined,
  isBusy: boolean,
): UnfinishedEntry {
  return { ...upload, isActive: upload.isActive && !isBusy, problem, isBusy };
}

async function openFile(
  id: string,
  chosen: File | undefined,
  checkpoints: PageCheckpoints,
): Promise<OpenedFile> {
  const selected =
    chosen === undefined ? await openFileByHandle(id, checkpoints) : { file: chosen, handle: undefined };
  return { ...selected, options: await loadOptionsForFile(id, selected.file, checkpoints) };
}

/** Called with the ID of an upload; with `undefined` if the lock of this ID is taken. */
type OnUploadId = (upload: Upload, id: string | undefined) => void;

/** Returns the same checkpoints, which also report the IDs of the uploads that use them. */
function reportUploadIds(checkpoints: PageCheckpoints, onId: OnUploadId): PageCheckpoints {
  return { ...checkpoints, track: (tracked) => trackAndReport(checkpoints, tracked, onId) };
}

function trackAndReport(
  checkpoints: PageCheckpoints,
  tracked: TrackedUpload,
  onId: OnUploadId,
): UploadTracker {
  const tracker = checkpoints.track(tracked);
  let upload: Upload | undefined;
  const report = (id: string | undefined): void => {
    if (upload !== undefined) onId(upload, id);
  };
  return {
    checkpoints: {
      ...tracker.checkpoints,
      async lock(id) {
        const lease = await tracker.checkpoints.lock(id).catch((reason: unknown) => {
          report(undefined);
          throw reason;
        });
        report(id);
        return lease;
      },
    },
    // Called before the upload acquires its lock.
    attach(started) {
      upload = started;
      tracker.attach(started);
    },
  };
}
