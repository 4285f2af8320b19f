import { isAborted, createUnabortedSignal } from '../abort.ts';
import { UploadError } from '../errors.ts';
import { OBJECT_SIZE_MAX, PARTS_MAX } from '../oss/limits.ts';
import { sourceChangedError } from '../parts/part-body.ts';
import { isPartSize } from '../parts/part-plan.ts';
import type { InitiatedUpload, Source } from '../ports.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoints/checkpoint.ts';
import { callControlPlane, VERB_MS_MAX, withDeadline, withRetries } from './resilience/retry.ts';
import type { UploadRun } from './run-context.ts';

/** An upload to go on with. */
export interface OpenedUpload extends InitiatedUpload {
  /** Begun by an earlier run: OSS may hold parts of it already. */
  readonly isResumed: boolean;
  /** When its first parts were presigned, at the earliest. */
  readonly presignedAt: number;
}

/** One that knows what it sends. */
export interface UploadOfSource extends OpenedUpload {
  /** Of the source, when the upload began. */
  readonly fingerprint: string;
}

/** The upload that a checkpoint of this source names, or else a new one. */
export async function openUpload(run: UploadRun, source: Source, id: string): Promise<UploadOfSource> {
  const checkpoint = await loadCheckpoint(run, source, id);
  if (checkpoint !== undefined) {
    const { upload, fingerprint } = checkpoint;
    return { ...upload, fingerprint, isResumed: true, presignedAt: 0 };
  }
  if (source.size > OBJECT_SIZE_MAX) throw tooLarge(source.size);
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
  if (!run.options.resume) return discard(run, checkpoint);
  // Whoever aborts wants it removed, whatever has become of the source.
  if (isAborted(run.signal)) return checkpoint;
  // canary: changed-source
  if (checkpoint.fingerprint === (await source.fingerprint())) return checkpoint;
  throw sourceChangedError('an unfinished upload of it began with other bytes');
}

/** The caller wants a new upload: the unfinished one goes first. */
async function discard(run: UploadRun, { upload }: Checkpoint): Promise<undefined> {
  const { key, uploadToken } = upload;
  await callControlPlane(run, run.signal, { operation: 'abort', key }, (signal) =>
    run.ports.controlPlane.abort({ uploadToken, signal }),
  ).catch((reason: unknown) => {
    // A token nobody opens any more must not stand in the way of a new upload.
    if (UploadError.from(reason).code !== 'token_refused') throw reason;
  });
}

/** Before the first part, so that whatever happens from then on can be resumed. */
export async function saveCheckpoint(
  run: UploadRun,
  source: Source,
  id: string,
  // A presigned URL is no use to a later process, and is nobody else's business.
  { fingerprint, isResumed, presigned, presignedAt, ...upload }: UploadOfSource,
): Promise<void> {
  if (isResumed) return;
  const { key, object } = run.options;
  const { identity, size } = source;
  const startedAt = run.ports.clock.now();
  const checkpoint = { key, object, identity, fingerprint, size, upload, startedAt };
  const text = encodeCheckpoint(checkpoint);
  // One PutObject is sent again as a whole: there is nothing for another process to resume.
  await (upload.kind === 'single' ? run.checkpoints.keep(id, text) : run.checkpoints.save(id, text));
}

/**
 * Begins a new upload, `size` bytes long or of a length nobody knows. A try whose answer was lost may have
 * begun one nobody remembers: the next one finds and removes it, if need be after the caller has aborted.
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

function tryToInitiate(
  run: UploadRun,
  size: number | undefined,
  patience: AbortSignal,
): Promise<OpenedUpload> {
  const { lostInitiate, options, ports } = run;
  const { key, object } = options;
  const partSize = options.partSize ?? (size === undefined ? undefined : ports.preferredPartSize?.(size));
  const presignCount = 2 * run.limit.concurrency();
  return withRetries(run, patience, { operation: 'initiate', key }, async () => {
    const triedAt = ports.clock.now();
    const previousAttemptAgeMs = lostInitiate.since === undefined ? undefined : triedAt - lostInitiate.since;
    try {
      // Not interrupted: an upload whose initiation was cut off would be there, and nobody would know it.
      const upload = await withDeadline(run, VERB_MS_MAX, createUnabortedSignal(), (signal) =>
        ports.controlPlane.initiate({
          key,
          size,
          partSize,
          object,
          previousAttemptAgeMs,
          presignCount,
          signal,
        }),
      );
      lostInitiate.since = undefined;
      const isPossible = isPartSize(upload.partSize) && (size ?? 0) <= upload.partSize * PARTS_MAX;
      if (!isPossible) throw malformed(`parts of ${upload.partSize} bytes`);
      return { ...upload, isResumed: false, presignedAt: triedAt };
    } catch (reason) {
      // canary: forgotten-initiate
      if (MAY_HAVE_BEGUN.has(UploadError.from(reason).code)) lostInitiate.since ??= triedAt;
      throw reason;
    }
  });
}

/** Failures that leave open whether OSS has begun an upload. */
export const MAY_HAVE_BEGUN: ReadonlySet<string> = new Set(['network', 'server_error', 'malformed_response']);

function malformed(what: string): UploadError {
  return new UploadError({
    code: 'malformed_response',
    message: `the coordinator answered initiate with ${what}`,
    disposition: 'permanent',
  });
}

function tooLarge(size: number): UploadError {
  return new UploadError({
    code: 'refused',
    message: `the source has ${size} bytes, an object of OSS at most ${OBJECT_SIZE_MAX} (48.8 TB)`,
    disposition: 'permanent',
    hint: 'Split the file.',
  });
}
