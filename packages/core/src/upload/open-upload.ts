import { createUnabortedSignal, isAborted } from '../abort.ts';
import { ignoreError, malformedResponseError, refusedError, UploadError } from '../errors.ts';
import { OBJECT_SIZE_MAX, PARTS_MAX } from '../oss/limits.ts';
import { sourceChangedError } from '../parts/part-body.ts';
import { isPartSize } from '../parts/part-plan.ts';
import type { InitiatedUpload, Source } from '../ports.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoints/checkpoint.ts';
import { requestAbort } from './checkpoints/discard-upload.ts';
import { VERB_MS_MAX, withDeadline, withRetries } from './resilience/retry.ts';
import type { UploadRun } from './run-context.ts';

/** An upload that parts can be sent to. */
export interface OpenedUpload extends InitiatedUpload {
  /** An earlier run started it: OSS may have stored parts of it. */
  readonly isResumed: boolean;
  /** When its first parts were presigned, at the earliest. */
  readonly presignedAt: number;
}

/** An opened upload of a source. */
export interface UploadOfSource extends OpenedUpload {
  /** Of the source, when the upload started. */
  readonly fingerprint: string;
}

/** Resumes the upload in the checkpoint of this source, or initiates a new one. */
export async function openUpload(run: UploadRun, source: Source, id: string): Promise<UploadOfSource> {
  const checkpoint = await loadCheckpoint(run, source, id);
  if (checkpoint !== undefined) {
    const { upload, fingerprint } = checkpoint;
    return { ...upload, fingerprint, isResumed: true, presignedAt: 0 };
  }
  if (source.size > OBJECT_SIZE_MAX) throw tooLargeError(source.size);
  const fingerprint = await source.fingerprint();
  return { ...(await initiate(run, source.size)), fingerprint };
}

async function loadCheckpoint(run: UploadRun, source: Source, id: string): Promise<Checkpoint | undefined> {
  const text = await run.checkpoints.load(id);
  if (text === undefined) return undefined;
  const checkpoint = decodeCheckpoint(text);
  if (checkpoint?.key !== run.options.key || checkpoint.identity !== source.identity) {
    await run.checkpoints.setAside(id);
    run.emit({ type: 'checkpoint-set-aside', id });
    return undefined;
  }
  if (!run.options.resume) {
    // A token that the coordinator cannot open any more must not prevent a new upload.
    await requestAbort(run, checkpoint.upload, run.signal).catch(ignoreError('token_refused'));
    return undefined;
  }
  // An abort removes the upload even if the source has changed.
  if (isAborted(run.signal)) return checkpoint;
  // canary: changed-source
  if (checkpoint.fingerprint === (await source.fingerprint())) return checkpoint;
  throw sourceChangedError('an unfinished upload of it started with other bytes');
}

/** Called before the first part is sent, so that a failure at any later point can be resumed. */
export async function saveCheckpoint(
  run: UploadRun,
  source: Source,
  id: string,
  // A presigned URL is a credential, and expires before a later process could use it.
  { fingerprint, isResumed, presigned, presignedAt, ...upload }: UploadOfSource,
): Promise<void> {
  if (isResumed) return;
  const { key, object } = run.options;
  const { identity, size } = source;
  const startedAt = run.ports.clock.now();
  const checkpoint = { key, object, identity, fingerprint, size, upload, startedAt };
  const text = encodeCheckpoint(checkpoint);
  // A single PutObject is sent again as a whole: another process could resume nothing.
  await (upload.kind === 'single' ? run.checkpoints.keep(id, text) : run.checkpoints.save(id, text));
}

/**
 * Starts a new upload of `size` bytes, or of unknown size. OSS may hold an upload of an attempt that got no
 * response: the next attempt finds and removes it, even after the caller has aborted.
 */
export async function initiate(run: UploadRun, size: number | undefined): Promise<OpenedUpload> {
  try {
    return await tryToInitiate(run, size, run.signal);
  } catch (reason) {
    if (run.lostInitiate.since === undefined || !isAborted(run.signal)) throw reason;
    return await tryToInitiate(run, size, createUnabortedSignal()).catch((error: unknown) => {
      run.emit({ type: 'cleanup-failed', error: UploadError.from(error) });
      throw run.signal.reason;
    });
  }
}

function tryToInitiate(run: UploadRun, size: number | undefined, signal: AbortSignal): Promise<OpenedUpload> {
  const { lostInitiate, options, ports } = run;
  const { key, object } = options;
  const partSize = options.partSize ?? (size === undefined ? undefined : ports.preferredPartSize?.(size));
  const presignCount = 2 * run.limit.concurrency();
  return withRetries(run, signal, { operation: 'initiate', key }, async () => {
    const startedAt = ports.clock.now();
    const { since } = lostInitiate;
    const previousAttemptAgeMs = since === undefined ? undefined : startedAt - since;
    const request = { key, size, partSize, object, previousAttemptAgeMs, presignCount };
    try {
      // Not interrupted by an abort: the upload might exist then, and its ID would be unknown.
      const upload = await withDeadline(run, VERB_MS_MAX, createUnabortedSignal(), (stop) =>
        ports.controlPlane.initiate({ ...request, signal: stop }),
      );
      lostInitiate.since = undefined;
      const isPossible = isPartSize(upload.partSize) && (size ?? 0) <= upload.partSize * PARTS_MAX;
      if (!isPossible) throw impossiblePartSizeError(upload.partSize);
      return { ...upload, isResumed: false, presignedAt: startedAt };
    } catch (reason) {
      // canary: forgotten-initiate
      if (MAY_HAVE_INITIATED.has(UploadError.from(reason).code)) lostInitiate.since ??= startedAt;
      throw reason;
    }
  });
}

/** Failures of `initiate` that leave open whether OSS has started an upload. */
export const MAY_HAVE_INITIATED: ReadonlySet<string> = new Set([
  'network',
  'server_error',
  'malformed_response',
]);

function impossiblePartSizeError(partSize: number): UploadError {
  return malformedResponseError(`the coordinator responded to initiate with parts of ${partSize} bytes`, {
    disposition: 'permanent',
  });
}

function tooLargeError(size: number): UploadError {
  return refusedError(`the source has ${size} bytes; an object has at most ${OBJECT_SIZE_MAX} (48.8 TB)`, {
    hint: 'Split the file.',
  });
}
