import type { Upload } from '@partway/core';
import type { CheckpointStore } from '@partway/core/ports';

/** Checkpoints of a page, and what it remembers beside them. `createIndexedDbCheckpoints` makes them. */
export interface PageCheckpoints extends CheckpointStore {
  /** Names the database, and with it the locks and the channel that its tabs share. */
  readonly databaseName: string;
  /** Confirmed bytes as they were noted last; `undefined` when they never were. */
  loadProgress(id: string): Promise<number | undefined>;
  /** Notes how far the upload is. Never falls while there is a checkpoint; without one nothing is noted. */
  saveProgress(id: string, confirmedBytes: number): Promise<void>;
  /** Where the file lies, for a page that was given a handle; `undefined` where none is kept. */
  loadHandle(id: string): Promise<FileSystemFileHandle | undefined>;
  /** Keeps the handle as long as there is a checkpoint; without one nothing is kept. */
  saveHandle(id: string, handle: FileSystemFileHandle): Promise<void>;
  /** These checkpoints for one upload: its progress is noted, and told to the other tabs. */
  follow(upload: FollowedUpload): Following;
}

/** What is known of an upload before it begins. */
export interface FollowedUpload {
  /** The file's. '' for a Blob that is no File. */
  readonly name: string;
  readonly size: number;
  readonly key: string;
  readonly handle: FileSystemFileHandle | undefined;
}

export interface Following {
  /** For the engine, in place of those that are followed. */
  readonly checkpoints: CheckpointStore;
  /** To be called as soon as the upload has started. */
  attach(upload: Upload): void;
}
