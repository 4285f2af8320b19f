import { type Upload, UploadError, type UploadedObject, type UploadSnapshot } from '@partway/core';
import { getViews } from '../upload-view.ts';
import type { UploadTotals } from './events.ts';

/** A row of the element. */
export interface ListedUpload {
  /** The file that was added. */
  readonly file: File;
  /** The latest upload of the file; `undefined` if it could not start. */
  readonly upload: Upload | undefined;
}

/** A file of the list, and its state. */
export interface ListedFile {
  readonly file: File;
  /** The latest upload of the file; `undefined` if it could not start. */
  upload: Upload | undefined;
  state: FileState;
}

/** The fields of a snapshot that a row shows. */
export type FileState = Pick<
  UploadSnapshot,
  'phase' | 'sentBytes' | 'bytesPerSecond' | 'remainingMs' | 'isOffline' | 'error'
>;

/** The phase of a file, or `offline` while its upload waits for the network. */
export type ShownPhase = FileState['phase'] | 'offline';

export function shownPhase({ phase, isOffline }: FileState): ShownPhase {
  return isOffline ? 'offline' : phase;
}

export interface UploadList {
  /** The files in the order in which they were added. */
  files(): readonly ListedFile[];
  /** Adds a file and starts its upload by `createUpload`, which is called again for every retry. */
  add(file: File, createUpload: CreateUpload): ListedFile;
  /** Starts the upload again. No effect unless it has failed. */
  retry(listed: ListedFile): void;
  /** Removes a file, and aborts its upload. */
  remove(listed: ListedFile): void;
  totals(): UploadTotals;
}

/**
 * Starts the upload of a file. Without `shouldResume` it replaces an unfinished upload of another file with
 * the same name.
 */
export type CreateUpload = (shouldResume: boolean) => Upload;

/** The events of a list. */
export interface UploadListListener {
  onStarted(listed: ListedFile, upload: Upload): void;
  /** At most once per frame for each file. */
  onChanged(listed: ListedFile): void;
  onCompleted(listed: ListedFile, object: UploadedObject): void;
  onFailed(listed: ListedFile, error: UploadError): void;
}

export function createUploadList(listener: UploadListListener): UploadList {
  let list: readonly ListedFile[] = [];
  const unsubscribers = new WeakMap<ListedFile, () => void>();
  const creators = new WeakMap<ListedFile, CreateUpload>();

  function start(listed: ListedFile, shouldResume = true): void {
    unsubscribers.get(listed)?.();
    try {
      const upload = creators.get(listed)?.(shouldResume);
      if (upload !== undefined) follow(listed, upload, shouldResume);
    } catch (reason) {
      const error = UploadError.from(reason);
      listed.upload = undefined;
      listed.state = { ...OPENING, phase: 'failed', error };
      listener.onChanged(listed);
      listener.onFailed(listed, error);
    }
  }

  function follow(listed: ListedFile, upload: Upload, shouldResume: boolean): void {
    const { current, subscribe } = getViews(upload);
    const show = (): void => {
      listed.state = current().snapshot ?? OPENING;
      listener.onChanged(listed);
    };
    listed.upload = upload;
    unsubscribers.set(listed, subscribe(show));
    show();
    listener.onStarted(listed, upload);
    // After the file was removed or retried, the result of its previous upload is not reported.
    const isShown = (): boolean => listed.upload === upload && list.includes(listed);
    upload.result.then(
      (object) => {
        if (isShown()) listener.onCompleted(listed, object);
      },
      (reason: unknown) => {
        if (!isShown()) return;
        const error = UploadError.from(reason);
        if (shouldResume && isUnfinishedOfOtherFile(upload, error)) start(listed, false);
        else listener.onFailed(listed, error);
      },
    );
  }

  return {
    files: () => list,
    add(file, createUpload) {
      const listed: ListedFile = { file, upload: undefined, state: OPENING };
      list = [...list, listed];
      creators.set(listed, createUpload);
      start(listed);
      return listed;
    },
    retry(listed) {
      if (listed.state.phase === 'failed' && list.includes(listed)) start(listed);
    },
    remove(listed) {
      list = list.filter((other) => other !== listed);
      unsubscribers.get(listed)?.();
      if (isRunning(listed)) void listed.upload?.abort();
    },
    totals: () => computeTotals(list),
  };
}

/** Uses a new snapshot: the state of the row may be one frame old. */
function isRunning({ upload }: ListedFile): boolean {
  const phase = upload?.snapshot().phase ?? 'failed';
  return phase !== 'completed' && phase !== 'failed';
}

/** Whether the unfinished upload of this name is of another version of the file, which this one replaces. */
function isUnfinishedOfOtherFile(upload: Upload, { code }: UploadError): boolean {
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

function computeTotals(list: readonly ListedFile[]): UploadTotals {
  const count = (phase: FileState['phase']): number =>
    list.filter(({ state }) => state.phase === phase).length;
  const active = list.filter(({ state }) => state.phase !== 'failed');
  const speeds = active
    .filter(({ state }) => state.phase === 'sending')
    .flatMap(({ state }) => state.bytesPerSecond ?? []);
  return {
    files: list.length,
    completed: count('completed'),
    failed: count('failed'),
    size: sum(active.map(({ file }) => file.size)),
    sentBytes: sum(active.map(({ file, state }) => Math.min(file.size, state.sentBytes))),
    bytesPerSecond: speeds.length === 0 ? undefined : sum(speeds),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
