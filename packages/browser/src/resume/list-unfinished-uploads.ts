import type { UnfinishedUpload as CheckpointedUpload, ControlPlane } from '@partway/core';
import { countStoredBytes, listUnfinishedUploads as listCheckpointedUploads } from '@partway/core/ports';
import { createIndexedDbCheckpoints } from './indexed-db-checkpoints.ts';
import { lockName } from './lock-name.ts';
import type { PageCheckpoints } from './page-checkpoints.ts';
import { isLocked } from './tab-lock.ts';

export interface ListUnfinishedUploadsOptions {
  /** Default: `createIndexedDbCheckpoints()`. */
  readonly checkpoints?: PageCheckpoints | undefined;
  /** Is asked which parts OSS holds, a request for each upload. Default: nobody is asked. */
  readonly controlPlane?: ControlPlane | undefined;
  /** Ends the asking; then it goes by what was noted. */
  readonly signal?: AbortSignal | undefined;
}

/** An upload that was begun and has not ended, for a page's list of them. Holds no token. */
export interface UnfinishedUpload {
  /** For `resume`, `resumeUploadByHandle` and `forget`. */
  readonly id: string;
  /** Of the file that the user has to choose again. '' for a Blob that was no File. */
  readonly name: string;
  readonly size: number;
  readonly key: string;
  /**
   * Bytes that OSS holds: as the control plane says, where one is given and answers, or as was noted last, up
   * to a second before the page was left.
   */
  readonly confirmedBytes: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The file need not be chosen again: see `resumeUploadByHandle`. */
  readonly hasHandle: boolean;
  /** Some tab, this one too, works on it: see `watchUploads` and `waitUntilUnlocked`. */
  readonly isUnderWay: boolean;
}

/** The uploads of this origin that can be gone on with, in the order in which they were begun. */
export async function listUnfinishedUploads(
  options: ListUnfinishedUploadsOptions = {},
): Promise<readonly UnfinishedUpload[]> {
  const { checkpoints = createIndexedDbCheckpoints() } = options;
  const found: UnfinishedUpload[] = [];
  for (const upload of await listCheckpointedUploads(checkpoints)) {
    if (upload.identity.startsWith(BLOB)) found.push(await describe(upload, { ...options, checkpoints }));
  }
  return found;
}

const BLOB = 'blob:';

/** The name of the file, out of the identity of its source. */
export function fileNameOf(identity: string): string {
  return identity.slice(BLOB.length);
}

async function describe(
  { id, identity, size, key, startedAt }: CheckpointedUpload,
  options: ListUnfinishedUploadsOptions & { readonly checkpoints: PageCheckpoints },
): Promise<UnfinishedUpload> {
  const { checkpoints } = options;
  const confirmedBytes = (await askForBytes(id, options)) ?? (await checkpoints.loadProgress(id)) ?? 0;
  const hasHandle = (await checkpoints.loadHandle(id)) !== undefined;
  const isUnderWay = await isLocked(lockName(checkpoints.databaseName, id));
  return { id, name: fileNameOf(identity), size, key, confirmedBytes, startedAt, hasHandle, isUnderWay };
}

/** `undefined` where nobody can be asked, or nobody answers: a list must not fail for want of a figure. */
async function askForBytes(
  id: string,
  options: ListUnfinishedUploadsOptions & { readonly checkpoints: PageCheckpoints },
): Promise<number | undefined> {
  const { checkpoints, controlPlane } = options;
  if (controlPlane === undefined) return undefined;
  const deadline = AbortSignal.timeout(ANSWER_MS_MAX);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  return countStoredBytes(checkpoints, id, { controlPlane, signal }).catch(() => undefined);
}

const ANSWER_MS_MAX = 10_000;
