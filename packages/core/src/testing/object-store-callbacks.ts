import { crc64 } from '../checksum/crc64.ts';
import type { StoreCompleteRequest } from '../object-store-port.ts';
import { claim } from './conformance.ts';
import {
  LAST,
  type ObjectStoreCheck,
  type ObjectStoreStage,
  putPart,
  refusalOf,
} from './object-store-stage.ts';

/** What every {@link ObjectStore} must do with a callback. */
export const OBJECT_STORE_CALLBACKS: readonly ObjectStoreCheck[] = [
  ['asks for a callback, and gives the reply', asksForCallback],
  ['says that the object is there when the application server refuses the callback', saysRefusal],
];

async function begin(stage: ObjectStoreStage, key: string): Promise<StoreCompleteRequest> {
  const upload = { key, ...(await stage.store.initiate({ key, object: {} })) };
  await putPart(stage, upload, 1, LAST);
  return { ...upload, parts: await stage.store.listParts(upload), callback: stage.callback };
}

async function asksForCallback(stage: ObjectStoreStage): Promise<void> {
  const upload = await begin(stage, 'a');
  const completed = await stage.store.complete(upload);
  claim(completed.callback?.body === '{"told":"a"}', `the reply is ${completed.callback?.body}`);
  claim(completed.crc64 === crc64(LAST), 'Complete gives the CRC64 of the object all the same');
  const head = await stage.store.head(upload);
  claim(head?.etag === completed.etag && head.etag !== '', 'and its ETag');
}

async function saysRefusal(stage: ObjectStoreStage): Promise<void> {
  const upload = await begin(stage, 'refused');
  const { disposition, context } = await refusalOf(stage.store.complete(upload), 'callback_failed');
  claim(disposition === 'permanent' && context.status === 203, 'to complete again is in vain');
  claim((await stage.store.head(upload))?.crc64 === crc64(LAST), 'the object is there');
}
