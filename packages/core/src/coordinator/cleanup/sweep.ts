import { refusedError, UploadError } from '../../errors.ts';
import type { ListedUpload, ObjectStore } from '../../object-store-port.ts';
import { assertKey } from '../../oss/key.ts';
import type { Clock } from '../../ports.ts';
import { systemClock } from '../../system.ts';
import { abortUntilGone } from './abort-upload.ts';

/** Which uploads {@link sweep} removes, and how. */
export interface SweepOptions {
  /** Only uploads with a key that starts with this text. Default: all uploads of the bucket. */
  readonly prefix?: string | undefined;
  /**
   * How long an upload must have been idle, in milliseconds, from 0: it was initiated, and its last part was
   * stored, at least this long ago, by the clock of OSS. Choose more than the longest pause of an upload.
   */
  readonly olderThanMs: number;
  /** Only reports which uploads would be removed. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Uploads examined in parallel, 1 to 64. Default: 8. */
  readonly concurrency?: number | undefined;
  /** Called for each upload that is old enough: true keeps the upload. Default: none is live. */
  readonly isLive?: ((upload: ListedUpload) => boolean | Promise<boolean>) | undefined;
  /** Called with each upload once its outcome is known. An error that it throws is ignored. */
  readonly onUpload?: ((upload: SweptUpload) => void) | undefined;
  /** Times the pauses between aborts, and gives the time if OSS does not. Default: the system's clock. */
  readonly clock?: Clock | undefined;
  /** Stops the sweep when it is aborted. Uploads removed until then stay removed. Default: never aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** The outcome of a sweep for one upload. In a dry run, `swept` means that the upload would be removed. */
export type SweepOutcome =
  /** Removed, with its parts. */
  | 'swept'
  /** Not old enough, or live, or OSS does not report when one of its parts was stored. */
  | 'kept'
  /** Completed or aborted by another process since it was listed. */
  | 'gone'
  /** Not removed because of an `error`. */
  | 'failed';

/** One upload that a sweep examined. */
export interface SweptUpload {
  /** The upload as OSS lists it. */
  readonly upload: ListedUpload;
  /** The outcome for this upload. */
  readonly outcome: SweepOutcome;
  /** Milliseconds since it was initiated, by the clock of OSS. */
  readonly ageMs: number;
  /** The number of its parts; 0 if they were not listed. */
  readonly parts: number;
  /** The total size of its parts; 0 if they were not listed. */
  readonly bytes: number;
  /** The reason of the outcome `failed`. */
  readonly error?: UploadError;
}

/** The totals of a sweep. */
export interface SweepReport {
  /** The number of listed uploads: the sum of swept, kept, gone and failed ones. */
  readonly uploads: number;
  /** The number of removed uploads; in a dry run, of those that would be removed. */
  readonly swept: number;
  /** The number of uploads that stay. */
  readonly kept: number;
  /** The number of uploads that another process completed or aborted during the sweep. */
  readonly gone: number;
  /** The number of parts of the swept uploads. */
  readonly parts: number;
  /** The total size of the parts of the swept uploads. */
  readonly bytes: number;
  /** One entry for each upload that could not be removed. */
  readonly failures: readonly SweepFailure[];
}

/** An upload that a sweep could not remove. A later sweep tries it again. */
export interface SweepFailure {
  /** The object key of the upload. */
  readonly key: string;
  /** The upload ID. */
  readonly uploadId: string;
  /** The reason. */
  readonly error: UploadError;
}

/**
 * Removes abandoned multipart uploads: OSS bills their parts until they are removed. A failure is reported
 * and does not stop the sweep; a later sweep tries that upload again. If a client resumes an upload in the
 * moment before it is aborted, its engine starts the upload again from the beginning.
 *
 * @throws RangeError that names the invalid option; UploadError if the uploads cannot be listed; the reason
 * of `signal`.
 */
export async function sweep(store: ObjectStore, options: SweepOptions): Promise<SweepReport> {
  const { prefix, concurrency = CONCURRENCY_DEFAULT, signal = new AbortController().signal } = options;
  assertSweepOptions(options, concurrency);
  const clock = options.clock ?? systemClock;
  const uploads = await store.listUploads({ prefix, signal });
  const outcomes: SweptUpload[] = [];
  const queue = uploads.values();
  async function runWorker(): Promise<void> {
    for (const upload of queue) {
      // A derived signal per upload: the listeners of all requests would otherwise add up on one signal.
      const uploadSignal = AbortSignal.any([signal]);
      const outcome = await sweepOne({ store, clock, signal: uploadSignal, upload, options });
      outcomes.push(outcome);
      reportOutcome(options.onUpload, outcome);
    }
  }
  // All workers share one iterator, so that each upload is taken once.
  await Promise.all(Array.from({ length: concurrency }, runWorker));
  return summarize(outcomes);
}

const CONCURRENCY_DEFAULT = 8;
const CONCURRENCY_MAX = 64;

function assertSweepOptions({ olderThanMs }: SweepOptions, concurrency: number): void {
  if (typeof olderThanMs !== 'number' || !(olderThanMs >= 0)) {
    throw new RangeError(`olderThanMs must be a number of milliseconds from 0, got ${olderThanMs}`);
  }
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > CONCURRENCY_MAX) {
    throw new RangeError(
      `concurrency must be a whole number from 1 to ${CONCURRENCY_MAX}, got ${concurrency}`,
    );
  }
}

interface SweepTask {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly upload: ListedUpload;
  readonly options: SweepOptions;
}

async function sweepOne(task: SweepTask): Promise<SweptUpload> {
  const { clock, signal, upload } = task;
  signal.throwIfAborted();
  // The time of the list, not the current time: an upload then looks younger than it is, never older.
  const now = upload.listedAt ?? clock.now();
  // OSS dates a list in whole seconds: an upload may appear to start after it.
  const ageOf = (at: number): number => Math.max(0, now - at);
  const base = { upload, ageMs: ageOf(upload.initiatedAt), parts: 0, bytes: 0 };
  try {
    return { ...base, ...(await removeIfIdle(task, ageOf)) };
  } catch (reason) {
    signal.throwIfAborted();
    if (reason instanceof UploadError && reason.code === 'upload_not_found')
      return { ...base, outcome: 'gone' };
    return { ...base, outcome: 'failed', error: UploadError.from(reason) };
  }
}

async function removeIfIdle(
  { store, clock, signal, upload, options }: SweepTask,
  ageOf: (at: number) => number,
): Promise<Pick<SweptUpload, 'outcome'> & Partial<SweptUpload>> {
  const { olderThanMs, isLive = () => false, dryRun = false } = options;
  if (ageOf(upload.initiatedAt) < olderThanMs) return { outcome: 'kept' };
  const { key, uploadId } = upload;
  assertKeyFitsUrl(key);
  const listed = await store.listParts({ key, uploadId, signal });
  const stored = { parts: listed.length, bytes: listed.reduce((sum, { size }) => sum + size, 0) };
  const partAgesMs = listed.map(({ uploadedAt }) => (uploadedAt === undefined ? 0 : ageOf(uploadedAt)));
  if (partAgesMs.some((ageMs) => ageMs < olderThanMs)) return { ...stored, outcome: 'kept' };
  if (await isLive(upload)) return { ...stored, outcome: 'kept' };
  if (!dryRun) await abortUntilGone(store, clock, { key, uploadId }, signal);
  return { ...stored, outcome: 'swept' };
}

/** Other clients can initiate an upload under a key that no URL can contain. */
function assertKeyFitsUrl(key: string): void {
  try {
    assertKey(key);
  } catch (reason) {
    throw keyDoesNotFitUrlError(reason);
  }
}

function keyDoesNotFitUrlError(reason: unknown): UploadError {
  const detail = reason instanceof Error ? reason.message : '';
  return refusedError(`no URL can contain the key of the upload: ${detail}`, {
    hint: 'Let a lifecycle rule of the bucket remove it.',
  });
}

function reportOutcome(onUpload: SweepOptions['onUpload'], outcome: SweptUpload): void {
  try {
    onUpload?.(outcome);
  } catch {
    // An error of the listener does not stop the sweep.
  }
}

function summarize(outcomes: readonly SweptUpload[]): SweepReport {
  const count = (outcome: SweepOutcome): number => outcomes.filter((each) => each.outcome === outcome).length;
  const swept = outcomes.filter(({ outcome }) => outcome === 'swept');
  return {
    uploads: outcomes.length,
    swept: swept.length,
    kept: count('kept'),
    gone: count('gone'),
    parts: swept.reduce((sum, { parts }) => sum + parts, 0),
    bytes: swept.reduce((sum, { bytes }) => sum + bytes, 0),
    failures: outcomes.flatMap(({ upload: { key, uploadId }, error }) =>
      error === undefined ? [] : [{ key, uploadId, error }],
    ),
  };
}
