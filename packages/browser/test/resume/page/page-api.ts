import type { UnfinishedUpload, UploadErrorCode, UploadSnapshot, WatchedUpload } from '@partway/browser';

/** The functions of a page that tests call. All values cross to Node as JSON. */
export interface PageApi {
  /** Uploads the file that was chosen, in parts of 100 KiB, one at a time. */
  upload(key: string, options?: { readonly attemptsMax?: number; readonly resume?: boolean }): void;
  /** The same with a file of this text in the page's own file system, and its handle. */
  uploadByHandle(key: string, text: string): Promise<void>;
  /** Resumes with the chosen file; returns the code of a rejection. */
  resume(id: string): Promise<UploadErrorCode | undefined>;
  resumeUploadByHandle(id: string): Promise<UploadErrorCode | undefined>;
  remove(id: string): Promise<UploadErrorCode | undefined>;
  pause(): void;
  resumeCurrent(): void;
  /** The end of the last started upload: `completed`, or the code of its failure. */
  ended(): Promise<string>;
  snapshot(): UploadSnapshot | undefined;
  list(options?: { readonly withStoredBytes: boolean }): Promise<readonly UnfinishedUpload[]>;
  /** Starts to wait; `hasWaited` is true when the wait has ended. */
  startWaiting(id: string): void;
  readonly hasWaited: boolean;
  /** All observed states of all tabs, the newest last. */
  readonly watched: readonly (readonly WatchedUpload[])[];
  /** The messages sent between the tabs. */
  readonly messages: readonly string[];
  /** The names of the errors that blocked the storage, one for each notification. */
  readonly blocked: readonly string[];
}

declare global {
  interface Window {
    page: PageApi;
  }
}
