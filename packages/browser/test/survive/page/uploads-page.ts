import type { UnfinishedUpload, UploadErrorCode, UploadSnapshot, WatchedUpload } from '@partway/browser';

/** What a scenario says of an upload. The package decides the rest, as in any page. */
export interface UploadTerms {
  readonly key: string;
  readonly partSize?: number;
  /** For uploads that OSS holds up by refusing: how long they try again, and how soon. */
  readonly retry?: { readonly attemptsMax: number; readonly maxMs?: number };
  readonly resume?: boolean;
  /** The file is given this type instead of what the browser takes it for. */
  readonly type?: string;
}

/** What scenarios ask of the page. Everything crosses to Node as JSON. */
export interface UploadsPage {
  /** Uploads the file that was chosen. */
  upload(terms: UploadTerms): void;
  /** Uploads every file that was chosen, to the key of its name, and tells how each of them ended. */
  uploadAll(): Promise<readonly string[]>;
  /** Goes on with the file that was chosen; the code of a refusal. */
  resume(id: string): Promise<UploadErrorCode | undefined>;
  abort(): Promise<void>;
  /** How the upload that was begun last ended: `completed`, or the code of its failure. */
  ended(): Promise<string>;
  progress(): Pick<UploadSnapshot, 'phase' | 'confirmedBytes' | 'retries'>;
  list(): Promise<readonly UnfinishedUpload[]>;
  /** What is known of the uploads of all tabs. */
  watched(): readonly WatchedUpload[];
  /** Begins to wait; `isFree` tells when it has ended. */
  awaitFree(id: string): void;
  isFree(): boolean;
  /** The names of the errors that storage was blocked with, one for every time the page was told. */
  blocked(): readonly string[];
  /** The headers of OSS's answers that the page was told it may not read. */
  hidden(): readonly string[];
  /** What the origin keeps: everything in the database, and all locks that are held or waited for. */
  leftovers(): Promise<{ readonly records: readonly unknown[]; readonly locks: readonly unknown[] }>;
}

declare global {
  interface Window {
    uploads: UploadsPage;
  }
}
