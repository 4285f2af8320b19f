import type { UnfinishedUpload as CheckpointedUpload, ControlPlane } from '@partway/core';
import { countStoredBytes, listUnfinishedUploads as listCheckpointedUploads } from '@partway/core/ports';
import { createIndexedDbCheckpoints } from './indexed-db-checkpoints.ts';
import type { PageCheckpoints } from './page-checkpoints.ts';
import { isLocked, lockName } from './tab-lock.ts';

/** Options of {@link listUnfinishedUploads}. */
export interface ListUnfinishedUploadsOptions {
  /** The store to list. Default: `createIndexedDbCheckpoints()`. */
  readonly checkpoints?: PageCheckpoints | undefined;
  /**
   * If given, it lists the parts of each upload, one request per upload, within 10 seconds. Default: none;
   * `confirmedBytes` is then the number that was saved last.
   */
  readonly controlPlane?: ControlPlane | undefined;
  /** Aborts the requests to the control plane; the list is then made from the saved numbers. */
  readonly signal?: AbortSignal | undefined;
}

/** An upload that has started and not ended, for a list in a page. Contains no token. */
export interface UnfinishedUpload {
  /** For `resumeUpload`, `resumeUploadByHandle` and `removeUpload`. */
  readonly id: string;
  /** The name of the file, which the user has to choose again; '' for a Blob. */
  readonly name: string;
  /** The size of the file in bytes. */
  readonly size: number;
  /** The key that the upload requested. */
  readonly key: string;
  /**
   * The bytes that OSS has: as the control plane reports them, if it is given and responds, or as they were
   * saved last, at most one second before the page was closed.
   */
  readonly confirmedBytes: number;
  /** When the upload started, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Whether `resumeUploadByHandle` can open the file: the user need not choose it again. */
  readonly hasHandle: boolean;
  /** Whether a tab, possibly this one, is uploading it: see `watchUploads` and `waitUntilUnlocked`. */
  readonly isActive: boolean;
}

/** Lists the uploads of this origin that can be resumed, in the order in which they started. */
export async function listUnfinishedUploads(
  options: ListUnfinishedUploadsOptions = {},
): Promise<readonly UnfinishedUpload[]> {
  const { checkpoints = createIndexedDbCheckpoints() } = options;
  const uploads: UnfinishedUpload[] = [];
  for (const upload of await listCheckpointedUploads(checkpoints)) {
    if (upload.identity.startsWith(BLOB)) uploads.push(await describe(upload, { ...options, checkpoints }));
  }
  return uploads;
}

const BLOB = 'blob:';

/** Extracts the name of the file from the identity of its source. */
export function fileNameOf(identity: string): string {
  return identity.slice(BLOB.length);
}

async function describe(
  { id, identity, size, key, startedAt }: CheckpointedUpload,
  options: ListUnfinishedUploadsOptions & { readonly checkpoints: PageCheckpoints },
): Promise<UnfinishedUpload> {
  const { checkpoints } = options;
  const confirmedBytes = (await requestStoredBytes(id, options)) ?? (await checkpoints.loadProgress(id)) ?? 0;
  const hasHandle = (await checkpoints.loadHandle(id)) !== undefined;
  const isActive = await isLocked(lockName(checkpoints.databaseName, id));
  return { id, name: fileNameOf(identity), size, key, confirmedBytes, startedAt, hasHandle, isActive };
}

/** `undefined` without a control plane or after a failure: the list must not fail because of this number. */
async function requestStoredBytes(
  id: string,
  options: ListUnfinishedUploadsOptions & { readonly checkpoints: PageCheckpoints },
): Promise<number | undefined> {
  const { checkpoints, controlPlane } = options;
  if (controlPlane === undefined) return undefined;
  const deadline = AbortSignal.timeout(RESPONSE_MS_MAX);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  return countStoredBytes(checkpoints, id, { controlPlane, signal }).catch(() => undefined);
}

const RESPONSE_MS_MAX = 10_000;
