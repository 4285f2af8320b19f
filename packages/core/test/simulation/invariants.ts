import type { FaultRule } from '@partway/emulator';
import { BUCKET, KEY } from './backend.ts';
import type { SimulationContext } from './context.ts';
import type { Observations } from './observer.ts';

/** The outcome of one uploading process, at its end. */
export interface ProcessOutcome {
  /** `completed`, `crashed`, `pending`, or the code of the error. */
  readonly status: string;
  readonly isAlive: boolean;
  readonly observations: Observations;
  /** The checkpoints on its disk. */
  readonly checkpoints: readonly string[];
  /** The object under the key. */
  readonly object: Uint8Array | undefined;
}

export const FOREIGN_BYTES = new TextEncoder().encode('an object of another writer');

/** Checks the invariants of every process and of the final state. */
export function checkInvariants(context: SimulationContext, outcomes: readonly ProcessOutcome[]): void {
  for (const [index, outcome] of outcomes.entries()) checkOutcome(context, outcome, outcomes.slice(0, index));
  const last = outcomes.at(-1);
  if (last === undefined) return;
  checkLiveness(context, outcomes, last);
  checkLeftovers(context, outcomes);
  for (const { status, kind } of context.competitors) {
    if (status?.startsWith('untyped')) context.reportViolation(`the ${kind} settled with ${status}`);
  }
}

function checkOutcome(
  context: SimulationContext,
  { status, observations, object, isAlive, checkpoints }: ProcessOutcome,
  before: readonly ProcessOutcome[],
): void {
  const { scenario, competitors, reportViolation } = context;
  if (status === 'pending' || status.startsWith('untyped')) reportViolation(`a process ended with ${status}`);
  const isOurs = object !== undefined && areEqual(object, observations.bytes);
  if (status === 'completed') {
    // A PutObject of a competitor replaces our object. If the competitor then fails, it deletes its object.
    const isReplaced =
      scenario.size < scenario.partSize &&
      competitors.some((competitor) => competitor.status !== 'completed');
    const isContested =
      isReplaced ||
      (competitors.length > 0 && scenario.faults.some(corruptsObject)) ||
      competitors.some(
        ({ bytes }) => observations.bytes === undefined || !areEqual(bytes, observations.bytes),
      );
    if (!isOurs && !isContested) reportViolation('the upload completed, but the object has other bytes');
    if (observations.lastEvent?.type !== 'completed')
      reportViolation('the upload completed without the event `completed`');
    const sameUpload = before.filter((outcome) => isOfSameUpload(outcome, observations.opened?.uploadId));
    const isResumedWithOtherBytes = sameUpload.some(
      (outcome) =>
        outcome.observations.fingerprintedBytes !== undefined &&
        !areEqual(outcome.observations.fingerprintedBytes, observations.bytes),
    );
    if (isResumedWithOtherBytes) reportViolation('an upload was resumed with other bytes');
  }
  // A request of an earlier process may have completed the upload.
  const isFirst = before.length === 0 && competitors.length === 0;
  if (status === 'aborted' && isOurs && isFirst && !observations.hasReportedLeftovers) {
    reportViolation('the upload was aborted, but the object exists');
  }
  if (!isAlive || !scenario.isDurable || competitors.length > 0 || observations.hasReportedLeftovers) return;
  // If the upload was being restarted, the earlier upload and its checkpoint are gone.
  checkCheckpoint(
    context,
    status,
    observations.mayHaveUnrecordedUpload ? undefined : observations.opened?.uploadId,
    checkpoints,
  );
}

function isOfSameUpload({ observations }: ProcessOutcome, uploadId: string | undefined): boolean {
  return uploadId !== undefined && observations.opened?.uploadId === uploadId;
}

/** A checkpoint exists if and only if a resume can use it. */
function checkCheckpoint(
  { scenario, reportViolation }: SimulationContext,
  status: string,
  uploadId: string | undefined,
  checkpoints: readonly string[],
): void {
  if (scenario.portFailure.checkpoints > 0 || uploadId === undefined) return;
  const exists = checkpoints.some((text) => text.includes(uploadId));
  if ((status === 'completed' || status === 'aborted') && checkpoints.length > 0)
    reportViolation(`a checkpoint remained after ${status}`);
  if (RESUMABLE.has(status) && !exists) reportViolation(`no checkpoint remained after ${status}`);
  if (NOT_RESUMABLE.has(status) && exists) reportViolation(`a checkpoint remained after ${status}`);
}

const RESUMABLE = new Set([
  'network',
  'stalled',
  'throttled',
  'server_error',
  'access_denied',
  'url_expired',
]);
const NOT_RESUMABLE = new Set(['refused', 'object_exists']);

/** Without faults an upload completes. With recoverable faults no process ends with an error. */
function checkLiveness(
  context: SimulationContext,
  outcomes: readonly ProcessOutcome[],
  last: ProcessOutcome,
): void {
  const { scenario, reportViolation } = context;
  const expected = scenario.forbidOverwrite
    ? ['completed', 'aborted', 'object_exists']
    : ['completed', 'aborted'];
  if (!expected.includes(last.status)) reportViolation(`without faults the upload ended with ${last.status}`);
  if (!scenario.isRecoverable) return;
  for (const { status } of outcomes) {
    if (![...expected, 'crashed'].includes(status))
      reportViolation(`with recoverable faults the upload ended with ${status}`);
  }
  checkForeignObject(context, outcomes, last);
}

/** Another writer's object under the key stays until our object is complete. */
function checkForeignObject(
  { scenario, reportViolation }: SimulationContext,
  outcomes: readonly ProcessOutcome[],
  last: ProcessOutcome,
): void {
  // A single PutObject replaces it before an abort is possible, and so may requests of a crashed process.
  const isCertain = scenario.size >= scenario.partSize && outcomes.every(({ isAlive }) => isAlive);
  if (!scenario.isKeyTaken || !isCertain || last.status !== 'aborted') return;
  const isKept = last.object !== undefined && areEqual(last.object, FOREIGN_BYTES);
  if (!isKept) reportViolation("another writer's object was replaced or deleted");
}

/** OSS holds no upload that is neither in a checkpoint nor reported: it would be billed unnoticed. */
function checkLeftovers(
  { backend, scenario, disk, competitors, reportViolation }: SimulationContext,
  outcomes: readonly ProcessOutcome[],
): void {
  const texts = [disk, ...competitors.map((competitor) => competitor.disk)].flatMap((each) => [
    ...each.checkpoints.values(),
  ]);
  const isReported = [...outcomes, ...competitors].some(
    ({ observations }) => observations?.hasReportedLeftovers,
  );
  const isLostWithProcess = outcomes.some((outcome) => !outcome.isAlive && !scenario.isDurable);
  if (isReported || isLostWithProcess) return;
  const mayLeaveEmptyUpload =
    [...outcomes, ...competitors].some(
      ({ observations, status }) =>
        observations?.mayHaveUnrecordedUpload && status !== 'completed' && status !== 'aborted',
    ) || scenario.faults.some(hidesLostUploads);
  for (const { uploadId, parts, key } of backend.model.uploads(BUCKET)) {
    if (key !== KEY || texts.some((text) => text.includes(uploadId))) continue;
    if (parts.length === 0 && mayLeaveEmptyUpload) continue;
    reportViolation(`an upload with ${parts.length} parts is left in OSS`);
  }
}

function areEqual(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}

/** Whether a lost upload cannot be found or removed: OSS refuses to list or abort, or its clock jumps. */
function hidesLostUploads({ operation, effect }: FaultRule): boolean {
  const isOfSweep = ['ListMultipartUploads', 'ListParts', 'AbortMultipartUpload'].includes(operation ?? '');
  return (isOfSweep && effect.kind === 'refuse' && effect.status === 403) || effect.kind === 'clockJump';
}

/** Whether OSS stores other bytes than were sent: the upload then deletes or replaces the object. */
function corruptsObject({ effect }: FaultRule): boolean {
  return effect.kind === 'corruptStoredPart' || effect.kind === 'corruptIncoming';
}
