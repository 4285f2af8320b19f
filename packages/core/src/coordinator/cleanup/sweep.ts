import { UploadError } from '../../errors.ts';
import type { ListedUpload, ObjectStore } from '../../object-store-port.ts';
import { assertKey } from '../../oss/key.ts';
import type { Clock } from '../../ports.ts';
import { systemClock } from '../../system.ts';
import { abortUntilGone } from './abort-until-gone.ts';

/** Options of a sweep. */
export interface SweepOptions {
  /** Only uploads of keys with this prefix. Default: all uploads of the bucket. */
  readonly prefix?: string | undefined;
  /**
   * Minimum idle time in ms, from 0: time since Initiate and since the last stored part, by OSS's clock.
   * Choose more than the longest pause of an upload.
   */
  readonly olderThanMs: number;
  /** Removes nothing, and reports the uploads it would remove. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Uploads inspected at once, 1 to 64. Default: 8. */
  readonly concurrency?: number | undefined;
  /** Called for every upload that is old enough: `true` keeps it. Default: none is live. */
  readonly isLive?: ((upload: ListedUpload) => boolean | Promise<boolean>) | undefined;
  /** Called with the outcome of each upload. Its errors are ignored. */
  readonly onUpload?: ((upload: SweptUpload) => void) | undefined;
  /** For delays between aborts, and the time where OSS reports none. Default: the system clock. */
  readonly clock?: Clock | undefined;
  /** Aborting it stops the sweep. Removed uploads stay removed. */
  readonly signal?: AbortSignal | undefined;
}

/** The outcome of one upload. In a dry run `swept` means that it would be removed. */
export type SweepOutcome =
  /** Removed, with its parts. */
  | 'swept'
  /** Too recent, live, or with a part without a date. */
  | 'spared'
  /** Completed or aborted after it was listed. */
  | 'gone'
  | 'failed';

/** An upload that a sweep has inspected. */
export interface SweptUpload {
  /** The upload as OSS listed it. */
  readonly upload: ListedUpload;
  /** The outcome of the sweep for it. */
  readonly outcome: SweepOutcome;
  /** Milliseconds since Initiate, by OSS's clock. */
  readonly ageMs: number;
  /** Stored parts; 0 where they were not listed. */
  readonly parts: number;
  /** Bytes of the stored parts; 0 where they were not listed. */
  readonly bytes: number;
  /** The reason, where `outcome` is `failed`. */
  readonly error?: UploadError;
}

/** The result of a sweep. */
export interface SweepReport {
  /** Listed uploads: swept, spared, gone and failed. */
  readonly uploads: number;
  /** Removed uploads. */
  readonly swept: number;
  /** Kept uploads. */
  readonly spared: number;
  /** Uploads completed or aborted after they were listed. */
  readonly gone: number;
  /** Parts of the swept uploads. */
  readonly parts: number;
  /** Bytes of the swept uploads. */
  readonly bytes: number;
  /** Uploads that could not be removed. */
  readonly failures: readonly SweepFailure[];
}

/** An upload that could not be removed. */
export interface SweepFailure {
  /** The key of the upload. */
  readonly key: string;
  /** The upload ID. */
  readonly uploadId: string;
  /** The reason. */
  readonly error: UploadError;
}

/**
 * Removes abandoned multipart uploads, which OSS bills until they are removed. A failed removal does not stop
 * the others: it is reported, and the next sweep retries it. A client that resumes an upload between its
 * inspection and its abort restarts it.
 *
 * @throws RangeError or TypeError that names the option; UploadError when the uploads cannot be listed; the
 * reason of the signal.
 */
export async function sweep(store: ObjectStore, options: SweepOptions): Promise<SweepReport> {
  const { prefix, concurrency = CONCURRENCY_DEFAULT, signal = new AbortController().signal } = options;
  assertSweepOptions(options, concurrency);
  const clock = options.clock ?? systemClock;
  const uploads = await store.listUploads({ prefix, signal });
  const outcomes: SweptUpload[] = [];
  const waiting = uploads.values();
  async function work(): Promise<void> {
    for (const upload of waiting) {
      // One signal per upload: the requests of a long sweep would all keep listening to a shared one.
      const own = AbortSignal.any([signal]);
      const outcome = await sweepOne({ store, clock, signal: own, upload, options });
      outcomes.push(outcome);
      notifyListener(options.onUpload, outcome);
    }
  }
  // The workers share one iterator.
  await Promise.all(Array.from({ length: concurrency }, work));
  return reportOf(outcomes);
}

const CONCURRENCY_DEFAULT = 8;
const CONCURRENCY_MAX = 64;

function assertSweepOptions({ olderThanMs }: SweepOptions, concurrency: number): void {
  if (typeof olderThanMs !== 'number' || !(olderThanMs >= 0)) {
    throw new RangeError(`olderThanMs must be a number of ms from 0, got ${olderThanMs}`);
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

async function sweepOne(look: SweepTask): Promise<SweptUpload> {
  const { clock, signal, upload } = look;
  signal.throwIfAborted();
  // The time of the listing: a long sweep underestimates ages.
  const now = upload.listedAt ?? clock.now();
  // OSS dates a list in whole seconds: an upload of the same second has age 0.
  const ageOf = (at: number): number => Math.max(0, now - at);
  const seen = { upload, ageMs: ageOf(upload.initiatedAt), parts: 0, bytes: 0 };
  try {
    return { ...seen, ...(await decide(look, ageOf)) };
  } catch (reason) {
    signal.throwIfAborted();
    if (isGone(reason)) return { ...seen, outcome: 'gone' };
    return { ...seen, outcome: 'failed', error: UploadError.from(reason) };
  }
}

async function decide(
  { store, clock, signal, upload, options }: SweepTask,
  ageOf: (at: number) => number,
): Promise<Pick<SweptUpload, 'outcome'> & Partial<SweptUpload>> {
  const { olderThanMs, isLive = () => false, dryRun = false } = options;
  if (ageOf(upload.initiatedAt) < olderThanMs) return { outcome: 'spared' };
  const { key, uploadId } = upload;
  assertAddressable(key);
  const listed = await store.listParts({ key, uploadId, signal });
  const stored = { parts: listed.length, bytes: listed.reduce((sum, { size }) => sum + size, 0) };
  const idleMs = listed.map(({ uploadedAt }) => (uploadedAt === undefined ? 0 : ageOf(uploadedAt)));
  if (idleMs.some((ms) => ms < olderThanMs)) return { ...stored, outcome: 'spared' };
  if (await isLive(upload)) return { ...stored, outcome: 'spared' };
  if (!dryRun) await abortUntilGone(store, clock, { key, uploadId }, signal);
  return { ...stored, outcome: 'swept' };
}

function isGone(reason: unknown): boolean {
  return reason instanceof UploadError && reason.code === 'upload_not_found';
}

/** Other clients can initiate an upload of a key that no URL can address. */
function assertAddressable(key: string): void {
  try {
    assertKey(key);
  } catch (reason) {
    throw new UploadError({
      code: 'refused',
      message: `no request can address the upload: ${reason instanceof Error ? reason.message : ''}`,
      disposition: 'permanent',
      hint: 'Let a lifecycle rule of the bucket remove it.',
    });
  }
}

function notifyListener(onUpload: SweepOptions['onUpload'], outcome: SweptUpload): void {
  try {
    onUpload?.(outcome);
  } catch {
    // An error of the listener does not affect the sweep.
  }
}

function reportOf(outcomes: readonly SweptUpload[]): SweepReport {
  const count = (outcome: SweepOutcome): number => outcomes.filter((each) => each.outcome === outcome).length;
  const swept = outcomes.filter(({ outcome }) => outcome === 'swept');
  return {
    uploads: outcomes.length,
    swept: swept.length,
    spared: count('spared'),
    gone: count('gone'),
    parts: swept.reduce((sum, { parts }) => sum + parts, 0),
    bytes: swept.reduce((sum, { bytes }) => sum + bytes, 0),
    failures: outcomes.flatMap(({ upload: { key, uploadId }, error }) =>
      error === undefined ? [] : [{ key, uploadId, error }],
    ),
  };
}
