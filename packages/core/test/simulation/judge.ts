import type { FaultRule } from '@partway/emulator';
import { BUCKET, KEY } from './cloud.ts';
import type { Facts } from './observer.ts';
import type { World } from './world.ts';

/** How one life of the process that uploads has ended. */
export interface Ending {
  readonly how: string;
  readonly isAlive: boolean;
  readonly facts: Facts;
  /** The checkpoints that were there then. */
  readonly texts: readonly string[];
  /** The object under the key then. */
  readonly object: Uint8Array | undefined;
}

export const FOREIGN_BYTES = new TextEncoder().encode('somebody else put this here');

/** The invariants of every process life and of the final state. */
export function judge(world: World, endings: readonly Ending[]): void {
  for (const [index, ending] of endings.entries()) judgeEnding(world, ending, endings.slice(0, index));
  const last = endings.at(-1);
  if (last === undefined) return;
  judgeLiveness(world, endings, last);
  judgeRemains(world, endings);
  for (const { how, kind } of world.rivals) {
    if (how?.startsWith('untyped')) world.blame(`the ${kind} ended ${how}`);
  }
}

function judgeEnding(
  world: World,
  { how, facts, object, isAlive, texts }: Ending,
  before: readonly Ending[],
): void {
  const { scenario, rivals, blame } = world;
  if (how === 'hangs' || how.startsWith('untyped')) blame(`a life ended ${how}`);
  const isOurs = object !== undefined && isSame(object, facts.bytes);
  if (how === 'completed') {
    // One PutObject of a rival replaces ours, and the rival that then fails removes what it has put there.
    const isReplaced = scenario.size < scenario.partSize && rivals.some((rival) => rival.how !== 'completed');
    const isContested =
      isReplaced ||
      (rivals.length > 0 && scenario.faults.some(makesOtherObjects)) ||
      rivals.some(({ bytes }) => facts.bytes === undefined || !isSame(bytes, facts.bytes));
    if (!isOurs && !isContested) blame('it completed, and the object is another');
    if (facts.last?.type !== 'completed') blame('it completed without saying so');
    const sameUpload = before.filter((ending) => isOfSameUpload(ending, facts.opened?.uploadId));
    const isMixed = sameUpload.some(
      (ending) => ending.facts.named !== undefined && !isSame(ending.facts.named, facts.bytes),
    );
    if (isMixed) blame('an upload that began with other bytes was gone on with');
  }
  // Parts of an earlier life may have been completed.
  const isFirst = before.length === 0 && rivals.length === 0;
  if (how === 'aborted' && isOurs && isFirst && !facts.toldOfRemains) {
    blame('it was aborted, and the object is there');
  }
  if (!isAlive || !scenario.isDurable || rivals.length > 0 || facts.toldOfRemains) return;
  // An upload with a successor at Initiate is aborted, and its checkpoint removed.
  judgeCheckpoint(world, how, facts.mayHaveForgotten ? undefined : facts.opened?.uploadId, texts);
}

function isOfSameUpload({ facts }: Ending, uploadId: string | undefined): boolean {
  return uploadId !== undefined && facts.opened?.uploadId === uploadId;
}

/** A checkpoint is there exactly when a resume can use it. */
function judgeCheckpoint(
  { scenario, blame }: World,
  how: string,
  uploadId: string | undefined,
  texts: readonly string[],
): void {
  if (scenario.portFailure.checkpoints > 0 || uploadId === undefined) return;
  const isThere = texts.some((text) => text.includes(uploadId));
  if ((how === 'completed' || how === 'aborted') && texts.length > 0) blame(`a checkpoint outlived ${how}`);
  if (RESUMABLE.has(how) && !isThere) blame(`${how} left no checkpoint`);
  if (HOPELESS.has(how) && isThere) blame(`${how} left a checkpoint`);
}

const RESUMABLE = new Set([
  'network',
  'stalled',
  'throttled',
  'server_error',
  'access_denied',
  'url_expired',
]);
const HOPELESS = new Set(['refused', 'object_exists']);

/** With nothing in its way any more, an upload completes; with little in its way, it does so at once. */
function judgeLiveness(world: World, endings: readonly Ending[], last: Ending): void {
  const { scenario, blame } = world;
  const expected = scenario.forbidOverwrite
    ? ['completed', 'aborted', 'object_exists']
    : ['completed', 'aborted'];
  if (!expected.includes(last.how)) blame(`in calm it ended ${last.how}`);
  if (!scenario.isMild) return;
  for (const { how } of endings) {
    if (![...expected, 'crashed'].includes(how)) blame(`it ended ${how}, though little went wrong`);
  }
  judgeForeign(world, endings, last);
}

/** Another writer's object under the key stays until our object is complete. */
function judgeForeign({ scenario, blame }: World, endings: readonly Ending[], last: Ending): void {
  // One PutObject replaces it before anybody can abort, and so may what a dead process had sent.
  const isCertain = scenario.size >= scenario.partSize && endings.every(({ isAlive }) => isAlive);
  if (!scenario.isKeyTaken || !isCertain || last.how !== 'aborted') return;
  const isKept = last.object !== undefined && isSame(last.object, FOREIGN_BYTES);
  if (!isKept) blame("somebody else's object was replaced or deleted");
}

/** OSS bills no upload without a checkpoint or a report. */
function judgeRemains({ cloud, scenario, disk, rivals, blame }: World, endings: readonly Ending[]): void {
  const texts = [disk, ...rivals.map((rival) => rival.disk)].flatMap((each) => [...each.texts.values()]);
  const isTold = [...endings, ...rivals].some(({ facts }) => facts?.toldOfRemains);
  const isForgotten = endings.some((ending) => !ending.isAlive && !scenario.isDurable);
  if (isTold || isForgotten) return;
  const mayBeBare =
    [...endings, ...rivals].some(
      ({ facts, how }) => facts?.mayHaveForgotten && how !== 'completed' && how !== 'aborted',
    ) || scenario.faults.some(hidesLostUploads);
  for (const { uploadId, parts, key } of cloud.model.uploads(BUCKET)) {
    if (key !== KEY || texts.some((text) => text.includes(uploadId))) continue;
    if (parts.length === 0 && mayBeBare) continue;
    blame(`an upload with ${parts.length} parts was left behind`);
  }
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}

/** Without list, abort or a date of Initiate a lost upload cannot be removed. */
function hidesLostUploads({ operation, effect }: FaultRule): boolean {
  const isOfSweep = ['ListMultipartUploads', 'ListParts', 'AbortMultipartUpload'].includes(operation ?? '');
  return (isOfSweep && effect.kind === 'refuse' && effect.status === 403) || effect.kind === 'clockJump';
}

/** OSS stores other bytes than were sent, and the upload deletes or replaces the object. */
function makesOtherObjects({ effect }: FaultRule): boolean {
  return effect.kind === 'corruptStoredPart' || effect.kind === 'corruptIncoming';
}
