import type { Upload } from '@partway/core';
import type { CheckpointStore } from '@partway/core/ports';

/** The checkpoints of a page and the data stored with them. `createIndexedDbCheckpoints` makes them. */
export interface PageCheckpoints extends CheckpointStore {
  /** The name of the database, which is also part of the names of its locks and of its channel. */
  readonly databaseName: string;
  /** The confirmed bytes that were saved last; `undefined` if none were. */
  loadProgress(id: string): Promise<number | undefined>;
  /** Saves the confirmed bytes, unless the saved number is larger. No effect without a checkpoint. */
  saveProgress(id: string, confirmedBytes: number): Promise<void>;
  /** The handle of the file; `undefined` if none was saved. */
  loadHandle(id: string): Promise<FileSystemFileHandle | undefined>;
  /** Saves the handle until the checkpoint is removed. No effect without a checkpoint. */
  saveHandle(id: string, handle: FileSystemFileHandle): Promise<void>;
  /** Tracks one upload: saves its progress, and reports its state to the other tabs. */
  track(upload: TrackedUpload): UploadTracker;
}

/** The known properties of an upload that has not started yet. */
export interface TrackedUpload {
  /** The name of the file; '' for a Blob. */
  readonly name: string;
  /** The size of the file in bytes. */
  readonly size: number;
  /** The key that the upload requests. */
  readonly key: string;
  /** The handle of the file, if the page has one. */
  readonly handle: FileSystemFileHandle | undefined;
}

/** Tracks one upload of this page. */
export interface UploadTracker {
  /** The checkpoints for the engine: they notice when the upload acquires its lock. */
  readonly checkpoints: CheckpointStore;
  /** To be called with the upload as soon as it has started. */
  readonly attach: (upload: Upload) => void;
}
