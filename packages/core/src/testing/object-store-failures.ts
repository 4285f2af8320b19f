import { UploadError } from '../errors.ts';
import { claim, rejectionOf } from './conformance.ts';
import { OBJECT_STORE_CALLBACKS } from './object-store-callbacks.ts';
import {
  FIRST,
  LAST,
  type ObjectStoreCheck,
  type ObjectStoreStage,
  putObject,
  putPart,
  refusalOf,
} from './object-store-stage.ts';

/** What every {@link ObjectStore} must say when something is wrong: with the world, or with its caller. */
export const OBJECT_STORE_FAILURES: readonly ObjectStoreCheck[] = [
  ['says what OSS said', saysWhatOssSaid],
  ['refuses to complete with a part that is not there, or is too small', refusesParts],
  ['refuses to replace an object that must stay', forbidsOverwrite],
  ['takes a second Complete for a lost upload', refusesSecondComplete],
  ['takes no error in an answer of 200 for success', noticesErrorIn200],
  ['says that the object is there when only the callback failed', noticesCallback],
  ...OBJECT_STORE_CALLBACKS,
  ['takes a cut answer for no answer', noticesCutAnswer],
  ['takes a lost answer for a network error, and sends once', noticesLostAnswer],
  ['passes on how long OSS asks to wait', passesWaitOn],
  ['rejects with the reason of the signal, before and while it waits', heedsSignal],
  ['refuses what its caller got wrong, by the name of the option', refusesMistakes],
];

const NOWHERE = { key: 'a', uploadId: '0004B9894A22E5B1888A1E29F8236E2D' };

async function saysWhatOssSaid({ store }: ObjectStoreStage): Promise<void> {
  const { context, disposition } = await refusalOf(store.listParts(NOWHERE), 'upload_not_found');
  claim(disposition === 'permanent', 'to ask again is in vain');
  claim(
    context.ossCode === 'NoSuchUpload' && context.status === 404,
    'the error has the code and status of OSS',
  );
  claim(context.requestId !== undefined && context.requestId !== '', 'and its request id');
  claim(
    context.operation === 'ListParts' && context.bucket === store.bucket,
    'and what was asked, and where',
  );
  claim(context.key === NOWHERE.key && context.uploadId === NOWHERE.uploadId, 'and of which upload');
}

async function begin(stage: ObjectStoreStage, ...bodies: readonly Uint8Array[]) {
  const upload = { key: 'a', ...(await stage.store.initiate({ key: 'a', object: {} })) };
  for (const [index, bytes] of bodies.entries()) await putPart(stage, upload, index + 1, bytes);
  return { ...upload, parts: await stage.store.listParts(upload) };
}

async function refusesParts(stage: ObjectStoreStage): Promise<void> {
  const whole = await begin(stage, FIRST, LAST);
  const etag = '00000000000000000000000000000000';
  await refusalOf(stage.store.complete({ ...whole, parts: [{ partNumber: 1, etag }] }), 'part_missing');
  await refusalOf(stage.store.complete({ ...whole, parts: [{ partNumber: 3, etag }] }), 'part_missing');
  const small = await begin(stage, LAST, LAST);
  const { context } = await refusalOf(stage.store.complete(small), 'refused');
  claim(context.ossCode === 'EntityTooSmall', 'OSS finds it at Complete');
  claim((await stage.store.listParts(small)).length === 2, 'the upload goes on');
}

async function forbidsOverwrite(stage: ObjectStoreStage): Promise<void> {
  const { store } = stage;
  await putObject(stage, 'a', FIRST);
  const upload = await begin(stage, LAST);
  await refusalOf(store.complete({ ...upload, forbidOverwrite: true }), 'object_exists');
  claim((await store.head({ key: 'a' }))?.size === FIRST.length, 'the object is the old one');
  await store.complete(upload);
  claim((await store.head({ key: 'a' }))?.size === LAST.length, 'without the wish it is replaced');
}

async function refusesSecondComplete(stage: ObjectStoreStage): Promise<void> {
  const upload = await begin(stage, LAST);
  await stage.store.complete(upload);
  await refusalOf(stage.store.complete(upload), 'upload_not_found');
}

async function noticesErrorIn200(stage: ObjectStoreStage): Promise<void> {
  const upload = await begin(stage, LAST);
  stage.next('CompleteMultipartUpload', 'error in 200');
  const { disposition } = await refusalOf(stage.store.complete(upload), 'server_error');
  claim(disposition === 'transient', 'it may be tried again');
  await stage.store.complete(upload);
}

async function noticesCallback(stage: ObjectStoreStage): Promise<void> {
  const upload = await begin(stage, LAST);
  stage.next('CompleteMultipartUpload', 'callback failed');
  const { disposition } = await refusalOf(stage.store.complete(upload), 'callback_failed');
  claim(disposition === 'permanent', 'to complete again is in vain');
}

async function noticesCutAnswer(stage: ObjectStoreStage): Promise<void> {
  const upload = await begin(stage, LAST);
  stage.next('ListParts', 'cut answer');
  const error = await rejectionOf(stage.store.listParts(upload));
  claim(error instanceof UploadError && error.retryable, 'a cut list is no list, and may be asked for again');
  stage.next('CompleteMultipartUpload', 'cut answer');
  const other = await rejectionOf(stage.store.complete(upload));
  claim(other instanceof UploadError && other.retryable, 'a cut answer to Complete is no success');
}

async function noticesLostAnswer(stage: ObjectStoreStage): Promise<void> {
  const upload = await begin(stage, LAST);
  stage.next('CompleteMultipartUpload', 'lost answer');
  // Sent again by the client, it would be answered with NoSuchUpload.
  const { disposition, cause, message } = await refusalOf(stage.store.complete(upload), 'network');
  claim(disposition === 'transient', 'it may be tried again');
  claim(!/:\/\//.test(`${message} ${String(cause)}`), 'no URL is in the error');
  claim((await stage.store.head(upload)) !== undefined, 'the object is there');
}

async function passesWaitOn(stage: ObjectStoreStage): Promise<void> {
  const upload = await begin(stage, LAST);
  stage.next('ListParts', 'throttled');
  const { disposition, context } = await refusalOf(stage.store.listParts(upload), 'throttled');
  claim(disposition === 'transient', 'it may be tried again');
  claim(context.retryAfterMs === 1200, `after 1200 ms, not ${context.retryAfterMs}`);
  claim((await stage.store.listParts(upload)).length === 1, 'and it was not tried again by the store');
}

async function heedsSignal(stage: ObjectStoreStage): Promise<void> {
  const reason = new Error('enough');
  const aborted = AbortSignal.abort(reason);
  const before = await rejectionOf(stage.store.initiate({ key: 'a', object: {}, signal: aborted }));
  claim(before === reason, 'an aborted signal rejects with its reason');
  claim((await stage.store.listUploads({})).length === 0, 'and nothing is sent');
  const upload = await begin(stage, LAST);
  const stop = new AbortController();
  stage.next('ListParts', 'silence');
  const waiting = stage.store.listParts({ ...upload, signal: stop.signal });
  stop.abort(reason);
  claim((await rejectionOf(waiting)) === reason, 'while it waits, too');
}

async function refusesMistakes({ store }: ObjectStoreStage): Promise<void> {
  const object = { contentType: 'a\r\nb' };
  const mistakes: readonly (readonly [option: string, call: () => Promise<unknown>])[] = [
    ['key', () => store.initiate({ key: '', object: {} })],
    ['key', () => store.presign({ method: 'PUT', key: '/a' })],
    ['key', () => store.head({ key: 'a/../b' })],
    ['uploadId', () => store.abort({ key: 'a', uploadId: '' })],
    ['versionId', () => store.delete({ key: 'a', versionId: '' })],
    ['expiresInSeconds', () => store.presign({ method: 'PUT', key: 'a', expiresInSeconds: 604_801 })],
    ['query', () => store.presign({ method: 'PUT', key: 'a', query: { 'x-oss-signature': 'x' } })],
    ['callback', () => store.complete({ ...NOWHERE, parts: [], callback: { callback: 'no base64' } })],
    ['contentType', () => store.initiate({ key: 'a', object })],
  ];
  for (const [option, call] of mistakes) {
    const error = await rejectionOf(call());
    claim(error instanceof TypeError || error instanceof RangeError, `a wrong ${option} is no UploadError`);
    claim(error.message.includes(option), `the message names ${option}: ${error.message}`);
  }
}
