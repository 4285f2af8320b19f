import { UploadError } from '../errors.ts';
import { expectTrue, getRejection } from './conformance.ts';
import { OBJECT_STORE_CALLBACKS } from './object-store-callbacks.ts';
import {
  expectUploadError,
  FIRST,
  LAST,
  type ObjectStoreCheck,
  type ObjectStoreStage,
  putObject,
  storePart,
} from './object-store-stage.ts';

/** The contract of every {@link ObjectStore} for failures of OSS, of the network and of its caller. */
export const OBJECT_STORE_FAILURES: readonly ObjectStoreCheck[] = [
  ['rejects with the code, status and request ID of OSS', reportsOssError],
  ['complete rejects for a missing part and for a part that is too small', rejectsInvalidParts],
  ['complete with forbidOverwrite rejects for an existing key', forbidsOverwrite],
  ['a second complete rejects with upload_not_found', rejectsSecondComplete],
  ['rejects for an error in a 200 response', detectsErrorIn200],
  ['rejects with callback_failed for status 203', reportsCallbackFailure],
  ...OBJECT_STORE_CALLBACKS,
  ['rejects with a transient error for a truncated response', rejectsTruncatedResponse],
  ['rejects with network for a lost response and sends once', rejectsLostResponse],
  ['reports the delay that OSS requests', reportsRetryDelay],
  ['abort rejects with the reason of the signal, before and during a request', rejectsOnAbort],
  ['rejects invalid options with TypeError or RangeError and the name of the option', rejectsInvalidOptions],
];

const UNKNOWN_UPLOAD = { key: 'a', uploadId: '0004B9894A22E5B1888A1E29F8236E2D' };

async function reportsOssError({ store }: ObjectStoreStage): Promise<void> {
  const { context, disposition } = await expectUploadError(
    store.listParts(UNKNOWN_UPLOAD),
    'upload_not_found',
  );
  expectTrue(disposition === 'permanent', 'the failure is permanent');
  expectTrue(
    context.ossCode === 'NoSuchUpload' && context.status === 404,
    'the error has the code and status of OSS',
  );
  expectTrue(
    context.requestId !== undefined && context.requestId !== '',
    'the error has the request ID of OSS',
  );
  expectTrue(
    context.operation === 'ListParts' && context.bucket === store.bucket,
    'the error has the operation and the bucket',
  );
  expectTrue(
    context.key === UNKNOWN_UPLOAD.key && context.uploadId === UNKNOWN_UPLOAD.uploadId,
    'the error has the key and the upload ID',
  );
}

async function initiateWithParts(stage: ObjectStoreStage, ...bodies: readonly Uint8Array[]) {
  const upload = { key: 'a', ...(await stage.store.initiate({ key: 'a', object: {} })) };
  for (const [index, bytes] of bodies.entries()) await storePart(stage, upload, index + 1, bytes);
  return { ...upload, parts: await stage.store.listParts(upload) };
}

async function rejectsInvalidParts(stage: ObjectStoreStage): Promise<void> {
  const whole = await initiateWithParts(stage, FIRST, LAST);
  const etag = '00000000000000000000000000000000';
  await expectUploadError(
    stage.store.complete({ ...whole, parts: [{ partNumber: 1, etag }] }),
    'part_missing',
  );
  await expectUploadError(
    stage.store.complete({ ...whole, parts: [{ partNumber: 3, etag }] }),
    'part_missing',
  );
  const small = await initiateWithParts(stage, LAST, LAST);
  const { context } = await expectUploadError(stage.store.complete(small), 'refused');
  expectTrue(context.ossCode === 'EntityTooSmall', 'the code is EntityTooSmall');
  expectTrue((await stage.store.listParts(small)).length === 2, 'the upload still exists');
}

async function forbidsOverwrite(stage: ObjectStoreStage): Promise<void> {
  const { store } = stage;
  await putObject(stage, 'a', FIRST);
  const upload = await initiateWithParts(stage, LAST);
  await expectUploadError(store.complete({ ...upload, forbidOverwrite: true }), 'object_exists');
  expectTrue((await store.head({ key: 'a' }))?.size === FIRST.length, 'the object is unchanged');
  await store.complete(upload);
  expectTrue(
    (await store.head({ key: 'a' }))?.size === LAST.length,
    'without forbidOverwrite it is replaced',
  );
}

async function rejectsSecondComplete(stage: ObjectStoreStage): Promise<void> {
  const upload = await initiateWithParts(stage, LAST);
  await stage.store.complete(upload);
  await expectUploadError(stage.store.complete(upload), 'upload_not_found');
}

async function detectsErrorIn200(stage: ObjectStoreStage): Promise<void> {
  const upload = await initiateWithParts(stage, LAST);
  stage.failNext('CompleteMultipartUpload', 'error in 200');
  const { disposition } = await expectUploadError(stage.store.complete(upload), 'server_error');
  expectTrue(disposition === 'transient', 'the failure is transient');
  await stage.store.complete(upload);
}

async function reportsCallbackFailure(stage: ObjectStoreStage): Promise<void> {
  const upload = await initiateWithParts(stage, LAST);
  stage.failNext('CompleteMultipartUpload', 'callback failed');
  const { disposition } = await expectUploadError(stage.store.complete(upload), 'callback_failed');
  expectTrue(disposition === 'permanent', 'the failure is permanent');
}

async function rejectsTruncatedResponse(stage: ObjectStoreStage): Promise<void> {
  const upload = await initiateWithParts(stage, LAST);
  stage.failNext('ListParts', 'truncated response');
  const error = await getRejection(stage.store.listParts(upload));
  expectTrue(
    error instanceof UploadError && error.retryable,
    'a truncated list rejects with a transient error',
  );
  stage.failNext('CompleteMultipartUpload', 'truncated response');
  const other = await getRejection(stage.store.complete(upload));
  expectTrue(
    other instanceof UploadError && other.retryable,
    'a truncated response to Complete rejects with a transient error',
  );
}

async function rejectsLostResponse(stage: ObjectStoreStage): Promise<void> {
  const upload = await initiateWithParts(stage, LAST);
  stage.failNext('CompleteMultipartUpload', 'lost response');
  // A second request of the store would be rejected with NoSuchUpload.
  const { disposition, cause, message } = await expectUploadError(stage.store.complete(upload), 'network');
  expectTrue(disposition === 'transient', 'the failure is transient');
  expectTrue(!/:\/\//.test(`${message} ${String(cause)}`), 'the error has no URL');
  expectTrue((await stage.store.head(upload)) !== undefined, 'the object is stored');
}

async function reportsRetryDelay(stage: ObjectStoreStage): Promise<void> {
  const upload = await initiateWithParts(stage, LAST);
  stage.failNext('ListParts', 'throttled');
  const { disposition, context } = await expectUploadError(stage.store.listParts(upload), 'throttled');
  expectTrue(disposition === 'transient', 'the failure is transient');
  expectTrue(context.retryAfterMs === 1200, `retryAfterMs is 1200, not ${context.retryAfterMs}`);
  expectTrue((await stage.store.listParts(upload)).length === 1, 'the store itself did not retry');
}

async function rejectsOnAbort(stage: ObjectStoreStage): Promise<void> {
  const reason = new Error('aborted by the conformance suite');
  const aborted = AbortSignal.abort(reason);
  const before = await getRejection(stage.store.initiate({ key: 'a', object: {}, signal: aborted }));
  expectTrue(before === reason, 'an aborted signal rejects with its reason');
  expectTrue((await stage.store.listUploads({})).length === 0, 'nothing is sent');
  const upload = await initiateWithParts(stage, LAST);
  const stop = new AbortController();
  stage.failNext('ListParts', 'no response');
  const waiting = stage.store.listParts({ ...upload, signal: stop.signal });
  stop.abort(reason);
  expectTrue((await getRejection(waiting)) === reason, 'an abort during a request rejects with its reason');
}

async function rejectsInvalidOptions({ store }: ObjectStoreStage): Promise<void> {
  const object = { contentType: 'a\r\nb' };
  const invalidCalls: readonly (readonly [option: string, call: () => Promise<unknown>])[] = [
    ['key', () => store.initiate({ key: '', object: {} })],
    ['key', () => store.presign({ method: 'PUT', key: '/a' })],
    ['key', () => store.head({ key: 'a/../b' })],
    ['uploadId', () => store.abort({ key: 'a', uploadId: '' })],
    ['versionId', () => store.delete({ key: 'a', versionId: '' })],
    ['expiresInSeconds', () => store.presign({ method: 'PUT', key: 'a', expiresInSeconds: 604_801 })],
    ['query', () => store.presign({ method: 'PUT', key: 'a', query: { 'x-oss-signature': 'x' } })],
    ['callback', () => store.complete({ ...UNKNOWN_UPLOAD, parts: [], callback: { callback: 'no base64' } })],
    ['contentType', () => store.initiate({ key: 'a', object })],
  ];
  for (const [option, call] of invalidCalls) {
    const error = await getRejection(call());
    expectTrue(
      error instanceof TypeError || error instanceof RangeError,
      `an invalid ${option} throws TypeError or RangeError`,
    );
    expectTrue(error.message.includes(option), `the message contains ${option}: ${error.message}`);
  }
}
