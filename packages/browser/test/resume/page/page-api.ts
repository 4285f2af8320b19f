import type { UnfinishedUpload, UploadErrorCode, UploadSnapshot, WatchedUpload } from '@partway/browser';

/** What the tests ask of a page. Everything crosses to Node as JSON. */
export interface PageApi {
  /** Uploads the file that was chosen, in parts of 100 KiB, one at a time. */
  upload(key: string, options?: { readonly attemptsMax?: number; readonly resume?: boolean }): void;
  /** The same with a file of this text in the page's own file system, and its handle. */
  uploadByHandle(key: string, text: string): Promise<void>;
  /** Goes on with the file that was chosen; the code of a refusal. */
  resume(id: string): Promise<UploadErrorCode | undefined>;
  resumeUploadByHandle(id: string): Promise<UploadErrorCode | undefined>;
  forget(id: string): Promise<UploadErrorCode | undefined>;
  pause(): void;
  goOn(): void;
  /** How the upload that was begun last ended: `completed`, or the code of its failure. */
  ended(): Promise<string>;
  snapshot(): UploadSnapshot | undefined;
  list(options?: { readonly byAsking: boolean }): Promise<readonly UnfinishedUpload[]>;
  /** Begins to wait; `isFree` tells when it has ended. */
  awaitFree(id: string): void;
  readonly isFree: boolean;
  /** All that was heard of all tabs, the newest last. */
  readonly watched: readonly (readonly WatchedUpload[])[];
  /** What was really sent between the tabs. */
  readonly messages: readonly string[];
  /** The names of the errors that storage was blocked with, one for every time the page was told. */
  readonly blocked: readonly string[];
}

declare global {
  interface Window {
    page: PageApi;
  }
}
