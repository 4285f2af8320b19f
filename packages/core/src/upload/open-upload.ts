import { UploadError } from '../errors.ts';
import { OBJECT_SIZE_MAX } from '../oss/limits.ts';
import { sourceChangedError } from '../part-body.ts';
import { planParts } from '../part-plan.ts';
import type { InitiatedUpload, ListedPart, Receipt, Source, UploadedObject } from '../ports.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { UNINTERRUPTED } from './interruption.ts';
import { retrying } from './retrying.ts';
import type { UploadRun } from './upload-run.ts';
import { COMPLETE_MS_MAX, VERB_MS_MAX, withDeadline } from './with-deadline.ts';

/** An upload to go on with. */
export interface OpenedUpload extends InitiatedUpload {
  /** Begun by an earlier run: OSS may hold parts of it already. */
  readonly isResumed: boolean;
}

/** The upload that a checkpoint of this source names, or else a new one. */
export async function openUpload(run: UploadRun, source: Source, id: string): Promise<OpenedUpload> {
  const checkpoint = await loadCheckpoint(run, source, id);
  if (checkpoint !== undefined) return { ...checkpoint.upload, isResumed: true };
  return { ...(await initiate(run, source)), isResumed: false };
}

/**
 * The parts OSS holds of a resumed upload, by number; `completed` where there is no such upload any more,
 * because an earlier run completed it without hearing so. Throws `upload_not_found` when it is neither.
 */
export async function listHeldParts(
  run: UploadRun,
  source: Source,
  upload: OpenedUpload,
): Promise<{ readonly held: ReadonlyMap<number, ListedPart>; readonly completed?: UploadedObject }> {
  if (!upload.isResumed) return { held: new Map() };
  const { key, uploadToken } = upload;
  try {
    const listed = await retrying(run, run.signal, { operation: 'listParts', key }, () =>
      withDeadline(run, VERB_MS_MAX, run.signal, (signal) =>
        run.ports.controlPlane.listParts({ uploadToken, signal }),
      ),
    );
    return { held: new Map(listed.map((part) => [part.partNumber, part])) };
  } catch (reason) {
    if (UploadError.from(reason).code !== 'upload_not_found') throw reason;
    return { held: new Map(), completed: await findCompleted(run, source, upload) };
  }
}

/** Reads the whole source for its receipts: with them the coordinator can tell whether the object is ours. */
async function findCompleted(run: UploadRun, source: Source, upload: OpenedUpload): Promise<UploadedObject> {
  const { key, uploadToken, partSize } = upload;
  const receipts: Receipt[] = [];
  for (const { partNumber, offset, size } of planParts(source.size, partSize)) {
    const crc64 = await source.part(offset, size).crc64(run.signal);
    receipts.push({ partNumber, size, crc64 });
  }
  return retrying(run, UNINTERRUPTED, { operation: 'complete', key }, () =>
    withDeadline(run, COMPLETE_MS_MAX, UNINTERRUPTED, (signal) =>
      run.ports.controlPlane.complete({ uploadToken, receipts, signal }),
    ),
  );
}

async function loadCheckpoint(run: UploadRun, source: Source, id: string): Promise<Checkpoint | undefined> {
  const checkpoint = decodeCheckpoint((await run.checkpoints.load(id)) ?? '');
  if (checkpoint?.key !== run.options.key || checkpoint.identity !== source.identity) return undefined;
  if (!run.options.resume) return discard(run, checkpoint);
  if (checkpoint.fingerprint === (await source.fingerprint())) return checkpoint;
  throw sourceChangedError('an unfinished upload of it began with other bytes');
}

/** The caller wants a new upload: the unfinished one goes first. */
async function discard(run: UploadRun, { upload }: Checkpoint): Promise<undefined> {
  const { key, uploadToken } = upload;
  await retrying(run, run.signal, { operation: 'abort', key }, () =>
    withDeadline(run, VERB_MS_MAX, run.signal, (signal) =>
      run.ports.controlPlane.abort({ uploadToken, signal }),
    ),
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
  upload: InitiatedUpload,
): Promise<void> {
  // One PutObject is sent again as a whole: there is nothing to resume.
  if (upload.kind === 'single') return;
  const { identity, size } = source;
  const startedAt = run.ports.clock.now();
  const fingerprint = await source.fingerprint();
  const checkpoint = { key: run.options.key, identity, fingerprint, size, upload, startedAt };
  await run.checkpoints.save(id, encodeCheckpoint(checkpoint));
}

async function initiate(run: UploadRun, { size }: Source): Promise<InitiatedUpload> {
  const { key, partSize, object } = run.options;
  if (size > OBJECT_SIZE_MAX) throw tooLarge(size);
  // Not interrupted: an upload whose initiation was cut off would be there, and nobody would know it.
  return retrying(run, run.signal, { operation: 'initiate', key }, () =>
    withDeadline(run, VERB_MS_MAX, UNINTERRUPTED, (signal) =>
      run.ports.controlPlane.initiate({ key, size, partSize, object, signal }),
    ),
  );
}

function tooLarge(size: number): UploadError {
  return new UploadError({
    code: 'refused',
    message: `the source has ${size} bytes, an object of OSS at most ${OBJECT_SIZE_MAX} (48.8 TB)`,
    disposition: 'permanent',
    hint: 'Split the file.',
  });
}
