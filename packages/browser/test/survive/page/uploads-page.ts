import type { UnfinishedUpload, UploadErrorCode, UploadSnapshot, WatchedUpload } from '@partway/browser';

/** The options that a scenario sets for an upload. The package has defaults for the others. */
export interface UploadTerms {
  readonly key: string;
  readonly partSize?: number;
  /** For uploads that OSS holds up by refusing: how long they try again, and how soon. */
  readonly retry?: { readonly attemptsMax: number; readonly maxMs?: number };
  readonly resume?: boolean;
  /** The file is given this type instead of what the browser takes it for. */
  readonly type?: string;
}

/** The functions of the page that scenarios call. All values cross to Node as JSON. */
export interface UploadsPage {
  /** Uploads the file that was chosen. */
  upload(terms: UploadTerms): void;
  /** Uploads every chosen file to the key of its name, and returns how each of them ended. */
  uploadAll(): Promise<readonly string[]>;
  /** Resumes with the chosen file; returns the code of a rejection. */
  resume(id: string): Promise<UploadErrorCode | undefined>;
  abort(): Promise<void>;
  /** The end of the last started upload: `completed`, or the code of its failure. */
  ended(): Promise<string>;
  progress(): Pick<UploadSnapshot, 'phase' | 'confirmedBytes' | 'retries'>;
  list(): Promise<readonly UnfinishedUpload[]>;
  /** The observed uploads of all tabs. */
  watched(): readonly WatchedUpload[];
  /** Starts to wait; `hasWaited` is true when the wait has ended. */
  startWaiting(id: string): void;
  hasWaited(): boolean;
  /** The names of the errors that blocked the storage, one for each notification. */
  blocked(): readonly string[];
  /** The headers of OSS's responses that were reported as hidden. */
  hidden(): readonly string[];
  /** The stored data of the origin: all records of the database, and all locks held or queued. */
  leftovers(): Promise<{ readonly records: readonly unknown[]; readonly locks: readonly unknown[] }>;
}

declare global {
  interface Window {
    uploads: UploadsPage;
  }
}
