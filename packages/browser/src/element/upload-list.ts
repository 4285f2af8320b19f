import { type Upload, UploadError, type UploadedObject, type UploadSnapshot } from '@partway/core';
import { viewsOf } from '../upload-view.ts';
import type { UploadTally } from './events.ts';

/** A file that was added, and how far it is. */
export interface ListedFile {
  readonly file: File;
  /** The latest try; `undefined` where none could be begun. */
  upload: Upload | undefined;
  state: FileState;
}

/** What is shown of an upload. */
export type FileState = Pick<
  UploadSnapshot,
  'phase' | 'sentBytes' | 'bytesPerSecond' | 'remainingMs' | 'isOffline' | 'error'
>;

/** What a file is shown as: its phase, or that it waits for a network. */
export type ShownPhase = FileState['phase'] | 'offline';

export function shownPhase({ phase, isOffline }: FileState): ShownPhase {
  return isOffline ? 'offline' : phase;
}

export interface UploadList {
  /** In the order in which they were added. */
  files(): readonly ListedFile[];
  /** `begin` is asked once, and again for every retry. */
  add(file: File, begin: BeginUpload): ListedFile;
  /** Begins the upload anew. Without effect unless it has failed. */
  retry(listed: ListedFile): void;
  /** An upload that is under way is aborted. */
  remove(listed: ListedFile): void;
  tally(): UploadTally;
}

/**
 * Begins the upload of a file. `isAnew`: what is unfinished of another file of its name is given up for it.
 */
export type BeginUpload = (isAnew: boolean) => Upload;

/** What a list tells. */
export interface UploadListHooks {
  started(listed: ListedFile, upload: Upload): void;
  /** At most once a frame for each file. */
  changed(listed: ListedFile): void;
  completed(listed: ListedFile, object: UploadedObject): void;
  failed(listed: ListedFile, error: UploadError): void;
}

export function createUploadList(hooks: UploadListHooks): UploadList {
  let list: readonly ListedFile[] = [];
  const leaves = new WeakMap<ListedFile, () => void>();
  const begins = new WeakMap<ListedFile, BeginUpload>();

  function begin(listed: ListedFile, isAnew = false): void {
    leaves.get(listed)?.();
    try {
      const upload = begins.get(listed)?.(isAnew);
      if (upload !== undefined) follow(listed, upload, isAnew);
    } catch (reason) {
      const error = UploadError.from(reason);
      listed.upload = undefined;
      listed.state = { ...OPENING, phase: 'failed', error };
      hooks.changed(listed);
      hooks.failed(listed, error);
    }
  }

  function follow(listed: ListedFile, upload: Upload, isAnew: boolean): void {
    const { current, subscribe } = viewsOf(upload);
    const show = (): void => {
      listed.state = current().snapshot ?? OPENING;
      hooks.changed(listed);
    };
    listed.upload = upload;
    leaves.set(listed, subscribe(show));
    show();
    hooks.started(listed, upload);
    // Whoever removed a file, or tries it again, wants to hear no more of the upload before.
    const isShown = (): boolean => listed.upload === upload && list.includes(listed);
    upload.result.then(
      (object) => {
        if (isShown()) hooks.completed(listed, object);
      },
      (reason: unknown) => {
        if (!isShown()) return;
        const error = UploadError.from(reason);
        if (!isAnew && isOtherThanBegun(upload, error)) begin(listed, true);
        else hooks.failed(listed, error);
      },
    );
  }

  return {
    files: () => list,
    add(file, beginUpload) {
      const listed: ListedFile = { file, upload: undefined, state: OPENING };
      list = [...list, listed];
      begins.set(listed, beginUpload);
      begin(listed);
      return listed;
    },
    retry(listed) {
      if (listed.state.phase === 'failed' && list.includes(listed)) begin(listed);
    },
    remove(listed) {
      list = list.filter((other) => other !== listed);
      leaves.get(listed)?.();
      if (isUnderWay(listed)) void listed.upload?.abort();
    },
    tally: () => tallyOf(list),
  };
}

/** As it is now: what is shown may be a frame old. */
function isUnderWay({ upload }: ListedFile): boolean {
  const phase = upload?.snapshot().phase ?? 'failed';
  return phase !== 'completed' && phase !== 'failed';
}

/** What is unfinished was begun with another version of the file: whoever adds this one wants this one. */
function isOtherThanBegun(upload: Upload, { code }: UploadError): boolean {
  return code === 'source_changed' && upload.snapshot().partCount === undefined;
}

const OPENING: FileState = {
  phase: 'opening',
  sentBytes: 0,
  bytesPerSecond: undefined,
  remainingMs: undefined,
  isOffline: false,
  error: undefined,
};

function tallyOf(list: readonly ListedFile[]): UploadTally {
  const count = (phase: FileState['phase']): number =>
    list.filter(({ state }) => state.phase === phase).length;
  const counted = list.filter(({ state }) => state.phase !== 'failed');
  const speeds = counted
    .filter(({ state }) => state.phase === 'sending')
    .flatMap(({ state }) => state.bytesPerSecond ?? []);
  return {
    files: list.length,
    completed: count('completed'),
    failed: count('failed'),
    size: sum(counted.map(({ file }) => file.size)),
    sentBytes: sum(counted.map(({ file, state }) => Math.min(file.size, state.sentBytes))),
    bytesPerSecond: speeds.length === 0 ? undefined : sum(speeds),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
