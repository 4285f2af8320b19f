import { crc64 } from '../checksum/crc64.ts';
import type { StoreCompleteRequest } from '../object-store-port.ts';
import { expectTrue } from './conformance.ts';
import {
  expectUploadError,
  LAST,
  type ObjectStoreCheck,
  type ObjectStoreStage,
  storePart,
} from './object-store-stage.ts';

/** The contract of every {@link ObjectStore} for callbacks. */
export const OBJECT_STORE_CALLBACKS: readonly ObjectStoreCheck[] = [
  ['requests a callback and returns the reply', returnsReply],
  [
    'rejects with callback_failed and stores the object when the application server rejects the callback',
    reportsFailedCallback,
  ],
];

async function initiateWithPart(stage: ObjectStoreStage, key: string): Promise<StoreCompleteRequest> {
  const upload = { key, ...(await stage.store.initiate({ key, object: {} })) };
  await storePart(stage, upload, 1, LAST);
  return { ...upload, parts: await stage.store.listParts(upload), callback: stage.callback };
}

async function returnsReply(stage: ObjectStoreStage): Promise<void> {
  const upload = await initiateWithPart(stage, 'a');
  const completed = await stage.store.complete(upload);
  expectTrue(
    completed.callback?.body === '{"key":"a"}',
    `the reply is that of the server, not ${completed.callback?.body}`,
  );
  expectTrue(completed.crc64 === crc64(LAST), 'complete returns the CRC64 of the object');
  const head = await stage.store.head(upload);
  expectTrue(head?.etag === completed.etag && head.etag !== '', 'complete returns its ETag');
}

async function reportsFailedCallback(stage: ObjectStoreStage): Promise<void> {
  const upload = await initiateWithPart(stage, 'refused');
  const { disposition, context } = await expectUploadError(stage.store.complete(upload), 'callback_failed');
  expectTrue(
    disposition === 'permanent' && context.status === 203,
    'the failure is permanent, with status 203',
  );
  expectTrue((await stage.store.head(upload))?.crc64 === crc64(LAST), 'the object is stored');
}
