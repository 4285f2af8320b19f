import { UploadError } from '../../errors.ts';
import type { ListedUpload, ObjectStore } from '../../object-store-port.ts';
import { assertKey } from '../../oss/key.ts';
import type { Clock } from '../../ports.ts';
import { systemClock } from '../../system.ts';
import { abortUntilGone } from './abort-until-gone.ts';

/** What a sweep may remove, and how it goes about it. */
export interface SweepOptions {
  /** Only uploads of keys that begin with it. Default: all of the bucket. */
  readonly prefix?: string | undefined;
  /**
   * How long an upload must have been at rest: it was begun, and its last part was taken, so many ms ago or
   * earlier, by OSS's own clock. Choose more than the longest pause an upload may make. From 0.
   */
  readonly olderThanMs: number;
  /** Removes nothing, and reports what would be removed. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Uploads looked at at once, 1 to 64. Default: 8. */
  readonly concurrency?: number | undefined;
  /** Asked of every upload that is old enough: true spares it. */
  readonly isLive?: ((upload: ListedUpload) => boolean | Promise<boolean>) | undefined;
  /** Called with each upload once its lot is known. What it throws is ignored. */
  readonly onUpload?: ((upload: SweptUpload) => void) | undefined;
  /** Waits between two aborts; tells the time only where OSS does not. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** Aborting it stops the sweep. What was removed is removed. */
  readonly signal?: AbortSignal | undefined;
}

/** What became of one upload. In a dry run `swept` is what would be. */
export type SweepOutcome =
  /** Removed, with its parts. */
  | 'swept'
  /** Too young, or live, or OSS does not say when one of its parts was taken. */
  | 'spared'
  /** It was completed or aborted since it was listed. */
  | 'gone'
  | 'failed';

export interface SweptUpload {
  readonly upload: ListedUpload;
  readonly outcome: SweepOutcome;
  /** Since OSS began it, by OSS's clock. */
  readonly ageMs: number;
  /** How many parts it held, and their bytes; 0 where that was not asked. */
  readonly parts: number;
  readonly bytes: number;
  /** Why it `failed`. */
  readonly error?: UploadError;
}

export interface SweepReport {
  /** How many were listed: swept, spared, gone and failed. */
  readonly uploads: number;
  readonly swept: number;
  readonly spared: number;
  readonly gone: number;
  /** What the swept uploads held. */
  readonly parts: number;
  readonly bytes: number;
  readonly failures: readonly SweepFailure[];
}

export interface SweepFailure {
  readonly key: string;
  readonly uploadId: string;
  readonly error: UploadError;
}

/**
 * Removes abandoned multipart uploads, whose parts OSS bills for ever. One that fails does not stop the
 * others: it is reported, and sweeping again tries it again. Between the last look at an upload and its abort
 * somebody may go on with it; his engine then begins anew.
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
      // A signal of its own for each: the requests of a long sweep would all go on listening to the one.
      const own = AbortSignal.any([signal]);
      const outcome = await sweepOne({ store, clock, signal: own, upload, options });
      outcomes.push(outcome);
      tell(options.onUpload, outcome);
    }
  }
  // The one iterator is shared: each worker takes the next upload that nobody has taken.
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

interface Look {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly upload: ListedUpload;
  readonly options: SweepOptions;
}

async function sweepOne(look: Look): Promise<SweptUpload> {
  const { clock, signal, upload } = look;
  signal.throwIfAborted();
  // Later than the list by however long the sweep runs, so that everything looks younger than it is.
  const now = upload.listedAt ?? clock.now();
  // OSS dates a list by whole seconds: what began in this one has no age yet.
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
  { store, clock, signal, upload, options }: Look,
  ageOf: (at: number) => number,
): Promise<Pick<SweptUpload, 'outcome'> & Partial<SweptUpload>> {
  const { olderThanMs, isLive = () => false, dryRun = false } = options;
  if (ageOf(upload.initiatedAt) < olderThanMs) return { outcome: 'spared' };
  const { key, uploadId } = upload;
  assertNameable(key);
  const listed = await store.listParts({ key, uploadId, signal });
  const held = { parts: listed.length, bytes: listed.reduce((sum, { size }) => sum + size, 0) };
  const restMs = listed.map(({ uploadedAt }) => (uploadedAt === undefined ? 0 : ageOf(uploadedAt)));
  if (restMs.some((ms) => ms < olderThanMs)) return { ...held, outcome: 'spared' };
  if (await isLive(upload)) return { ...held, outcome: 'spared' };
  if (!dryRun) await abortUntilGone(store, clock, { key, uploadId }, signal);
  return { ...held, outcome: 'swept' };
}

function isGone(reason: unknown): boolean {
  return reason instanceof UploadError && reason.code === 'upload_not_found';
}

/** Other clients can begin an upload of a key that no URL can name. */
function assertNameable(key: string): void {
  try {
    assertKey(key);
  } catch (reason) {
    throw new UploadError({
      code: 'refused',
      message: `no request can name the upload: ${reason instanceof Error ? reason.message : ''}`,
      disposition: 'permanent',
      hint: 'A lifecycle rule of the bucket removes it.',
    });
  }
}

function tell(onUpload: SweepOptions['onUpload'], outcome: SweptUpload): void {
  try {
    onUpload?.(outcome);
  } catch {
    // A listener is no part of the sweep.
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
