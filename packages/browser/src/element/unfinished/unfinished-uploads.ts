import { type ControlPlane, type Upload, UploadError, type UploadErrorCode } from '@partway/core';
import type { UnfinishedUpload } from '../../resume/list-unfinished-uploads.ts';
import type { PageCheckpoints } from '../../resume/page-checkpoints.ts';
import { removeUpload } from '../../resume/remove-upload.ts';
import { openByHandle, rememberedOptions } from '../../resume/resume-upload.ts';
import type { UploadFileOptions } from '../../upload-file.ts';
import type { GivenFile } from '../drop-zone.ts';
import { createFoundUploads, type FoundUploads } from './found-uploads.ts';
import { noticeIds } from './noticed-ids.ts';

/** An upload that an earlier page, or another tab, has begun. */
export interface UnfinishedEntry extends UnfinishedUpload {
  /** Why what its user asked for last could not be done. */
  readonly problem: UploadErrorCode | undefined;
  /** What its user asked for is being done. */
  readonly isBusy: boolean;
}

/** What is remembered in one place, and is not in the element's list of files. */
export interface UnfinishedUploads extends Pick<FoundUploads, 'watch' | 'leave'> {
  /** For the element's own uploads. */
  readonly checkpoints: PageCheckpoints;
  list(): readonly UnfinishedEntry[];
  /**
   * What is needed to go on: the file that was chosen, or where there is none the one that the handle leads
   * to. `undefined` where that cannot be; then it is shown why.
   */
  open(id: string, chosen: File | undefined): Promise<OpenedFile | undefined>;
  /** The upload goes on with what is remembered under this id. */
  adopt(upload: Upload, id: string): void;
  /** Removes it from OSS, and from memory. */
  remove(id: string): Promise<void>;
  /** The same for a file that was taken out of the list, where anything of it is kept. */
  removeUpload(upload: Upload): Promise<void>;
}

/** A file to go on with, and what its upload began with. */
export interface OpenedFile extends GivenFile {
  readonly options: Partial<UploadFileOptions>;
}

export interface UnfinishedHooks {
  controlPlane(): ControlPlane;
  /** Whether it is the upload of a file of the list, as that is now. */
  isListed(upload: Upload): boolean;
  changed(): void;
}

export function createUnfinishedUploads(store: PageCheckpoints, hooks: UnfinishedHooks): UnfinishedUploads {
  const own = new Map<string, Upload>();
  const problems = new Map<string, UploadErrorCode>();
  const [busy, removed] = [new Set<string>(), new Set<string>()];
  const { all, refresh, watch, leave } = createFoundUploads(store, isListed, hooks.changed);

  function isListed(id: string): boolean {
    const upload = own.get(id);
    return removed.has(id) || (upload !== undefined && hooks.isListed(upload));
  }

  function notice(upload: Upload, id: string | undefined): void {
    for (const [known, other] of own) if (other === upload) own.delete(known);
    if (id !== undefined) own.set(id, upload);
    hooks.changed();
    upload.result.then(refresh, () => undefined);
  }

  /** What fails is told beside the upload. */
  async function act<T>(id: string, action: () => Promise<T>): Promise<T | undefined> {
    problems.delete(id);
    busy.add(id);
    hooks.changed();
    try {
      return await action();
    } catch (reason) {
      problems.set(id, UploadError.from(reason).code);
      return undefined;
    } finally {
      busy.delete(id);
      hooks.changed();
    }
  }

  async function remove(id: string): Promise<void> {
    // What stays is not shown as under way, because it was while it was to be removed.
    await act(id, () =>
      removeUpload(id, { controlPlane: hooks.controlPlane(), checkpoints: store }).finally(refresh),
    );
  }

  return {
    checkpoints: noticeIds(store, notice),
    list: () =>
      all()
        .filter(({ id }) => !isListed(id))
        .map((known) => describe(known, problems.get(known.id), busy.has(known.id))),
    ...{ watch, leave },
    open: (id, chosen) => act(id, () => openFile(id, chosen, store)),
    adopt: notice,
    remove,
    async removeUpload(upload) {
      const [id] = [...own].find(([, other]) => other === upload) ?? [];
      if (id === undefined) return;
      removed.add(id);
      await upload.result.catch(() => undefined);
      await remove(id);
      removed.delete(id);
      hooks.changed();
    },
  };
}

/** What this page does to an upload is not done elsewhere. */
function describe(
  known: UnfinishedUpload,
  problem: UploadErrorCode | undefined,
  isBusy: boolean,
): UnfinishedEntry {
  return { ...known, isUnderWay: known.isUnderWay && !isBusy, problem, isBusy };
}

async function openFile(
  id: string,
  chosen: File | undefined,
  checkpoints: PageCheckpoints,
): Promise<OpenedFile> {
  const given =
    chosen === undefined ? await openByHandle(id, checkpoints) : { file: chosen, handle: undefined };
  return { ...given, options: await rememberedOptions(id, given.file, checkpoints) };
}
