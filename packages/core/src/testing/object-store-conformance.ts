import { crc64 } from '../checksum/crc64.ts';
import { type ConformanceCase, expectTrue } from './conformance.ts';
import { OBJECT_STORE_FAILURES } from './object-store-failures.ts';
import { OBJECT_STORE_PRESIGNING, sorted } from './object-store-presigning.ts';
import {
  expectUploadError,
  FIRST,
  LAST,
  type ObjectStoreCheck,
  type ObjectStoreStage,
  PART_SIZE,
  putObject,
  storePart,
} from './object-store-stage.ts';

/** Creates stages for the conformance suite. */
export interface ObjectStoreHarness {
  /** Called once for each case. */
  createStage(): Promise<ObjectStoreStage>;
}

/** The contract of an {@link ObjectStore}, as cases for any test runner. */
export function objectStoreConformance(harness: ObjectStoreHarness): readonly ConformanceCase[] {
  return [...CASES, ...OBJECT_STORE_FAILURES].map(([name, check]) => ({
    name,
    async run() {
      const stage = await harness.createStage();
      try {
        await check(stage);
      } finally {
        await stage.close();
      }
    },
  }));
}

const CASES: readonly ObjectStoreCheck[] = [
  ['complete creates the object and returns its CRC64, ETag and request ID', completesObject],
  ['initiate and complete store the options of the object', storesOptions],
  ['initiate without contentType does not guess one from the key', addsNoType],
  ['listParts returns no part, one part, and parts in order', listsParts],
  ['listParts returns the parts of all pages', listsAllPages],
  ['listUploads returns uploads ordered by key, with the time of their initiation', listsUploads],
  ['accepts any valid key', acceptsAnyKey],
  ...OBJECT_STORE_PRESIGNING,
  ['presign, head and delete work for an object', putsAndDeletes],
  ['abort removes the upload and not the object of the same key', abortsUpload],
];

async function completesObject(stage: ObjectStoreStage): Promise<void> {
  const { store } = stage;
  const key = 'video/1.mp4';
  const { uploadId } = await store.initiate({ key, object: {} });
  expectTrue(uploadId !== '', 'the upload has an ID');
  expectTrue((await store.head({ key })) === undefined, 'there is no object before complete');
  await storePart(stage, { key, uploadId }, 7, LAST);
  await storePart(stage, { key, uploadId }, 2, FIRST);
  const parts = await store.listParts({ key, uploadId });
  const completed = await store.complete({ key, uploadId, parts });
  const whole = crc64(Uint8Array.from([...FIRST, ...LAST]));
  expectTrue(completed.crc64 === whole, 'complete returns the CRC64 of the whole object');
  expectTrue(/^[^"]+$/.test(completed.etag), 'complete returns the ETag without quotes');
  expectTrue(completed.requestId !== '', 'complete returns the request ID');
  const head = await store.head({ key });
  expectTrue(head !== undefined, 'head finds the object');
  expectTrue(
    head.size === PART_SIZE + LAST.length && head.crc64 === whole,
    'head returns its size and CRC64',
  );
  expectTrue(head.etag === completed.etag, 'head returns the same ETag as complete');
  expectTrue(head.requestId !== '', 'head returns the request ID');
}

async function storesOptions(stage: ObjectStoreStage): Promise<void> {
  const { store } = stage;
  const key = 'a.bin';
  const metadata = { nonce: '0123', author: 'wei' };
  const object = {
    contentType: 'text/x-unusual; a=b',
    metadata,
    cacheControl: 'no-store',
    storageClass: 'IA',
  } as const;
  const { uploadId } = await store.initiate({ key, object });
  await storePart(stage, { key, uploadId }, 1, LAST);
  await store.complete({ key, uploadId, parts: await store.listParts({ key, uploadId }), acl: 'private' });
  const head = await store.head({ key });
  expectTrue(head?.contentType === object.contentType, 'the Content-Type is that of initiate');
  expectTrue(
    JSON.stringify(sorted(head.metadata)) === JSON.stringify(sorted(metadata)),
    'the metadata is that of initiate',
  );
}

async function addsNoType(stage: ObjectStoreStage): Promise<void> {
  const key = 'video/1.mp4';
  const { uploadId } = await stage.store.initiate({ key, object: {} });
  await storePart(stage, { key, uploadId }, 1, LAST);
  const parts = await stage.store.listParts({ key, uploadId });
  await stage.store.complete({ key, uploadId, parts });
  const head = await stage.store.head({ key });
  expectTrue(head?.contentType !== 'video/mp4', 'no type is guessed from the key');
}

async function listsParts(stage: ObjectStoreStage): Promise<void> {
  const { store } = stage;
  const key = 'a.bin';
  const upload = { key, ...(await store.initiate({ key, object: {} })) };
  expectTrue((await store.listParts(upload)).length === 0, 'a new upload has no parts');
  const etag = await storePart(stage, upload, 10, LAST);
  const [only, ...others] = await store.listParts(upload);
  expectTrue(only !== undefined && others.length === 0, 'one part is a list of one');
  expectTrue(only.partNumber === 10 && only.size === LAST.length, 'it has its number and size');
  expectTrue(
    only.etag === etag && only.crc64 === crc64(LAST),
    'it has its CRC64 and its ETag without quotes',
  );
  await storePart(stage, upload, 9, LAST);
  await storePart(stage, upload, 10, FIRST);
  const parts = await store.listParts(upload);
  expectTrue(parts.map(({ partNumber }) => partNumber).join() === '9,10', 'parts are sorted by number');
  expectTrue(parts[1]?.crc64 === crc64(FIRST), 'a part that is sent again replaces the earlier one');
}

async function listsAllPages(stage: ObjectStoreStage): Promise<void> {
  const key = 'a.bin';
  const upload = { key, ...(await stage.store.initiate({ key, object: {} })) };
  const count = 1003;
  for (let first = 1; first <= count; first += 50) {
    const numbers = Array.from({ length: Math.min(50, count - first + 1) }, (_, index) => first + index);
    await Promise.all(numbers.map((partNumber) => storePart(stage, upload, partNumber, LAST)));
  }
  const parts = await stage.store.listParts(upload);
  expectTrue(parts.length === count, `all ${count} parts are listed, not ${parts.length}`);
  expectTrue(
    parts.every(({ partNumber, uploadedAt = 0 }, index) => partNumber === index + 1 && uploadedAt > 0),
    'they are sorted, and each has uploadedAt',
  );
}

async function listsUploads({ store }: ObjectStoreStage): Promise<void> {
  expectTrue((await store.listUploads({})).length === 0, 'an empty bucket has no uploads');
  const initiated: string[] = [];
  for (const key of ['a/2', 'b/1', 'a/1', 'a/1']) {
    const { uploadId } = await store.initiate({ key, object: {} });
    initiated.push(`${key} ${uploadId}`);
  }
  const all = await store.listUploads({});
  const names = all.map(({ key, uploadId }) => `${key} ${uploadId}`);
  expectTrue(
    names.join() === initiated.toSorted((a, b) => (a < b ? -1 : 1)).join(),
    'all are listed, ordered by key and upload ID',
  );
  expectTrue(
    all.every(({ initiatedAt, listedAt = Number.NaN }) => initiatedAt < listedAt + 1000),
    'initiatedAt and listedAt are of the same clock, accurate to a second',
  );
  const some = await store.listUploads({ prefix: 'a/' });
  expectTrue(some.map(({ key }) => key).join() === 'a/1,a/1,a/2', 'a prefix restricts the list');
}

async function acceptsAnyKey(stage: ObjectStoreStage): Promise<void> {
  for (const key of AWKWARD_KEYS) {
    const upload = { key, ...(await stage.store.initiate({ key, object: {} })) };
    await storePart(stage, upload, 1, LAST);
    const listed = await stage.store.listUploads({ prefix: key });
    expectTrue(listed[0]?.key === key, `the key ${JSON.stringify(key)} is listed unchanged`);
    await stage.store.complete({ ...upload, parts: await stage.store.listParts(upload) });
    expectTrue((await stage.store.head({ key }))?.size === LAST.length, `${JSON.stringify(key)} is found`);
    await stage.store.delete({ key });
  }
}

async function putsAndDeletes(stage: ObjectStoreStage): Promise<void> {
  const { store, send } = stage;
  await putObject(stage, 'a', LAST);
  const head = await store.head({ key: 'a' });
  expectTrue(head?.crc64 === crc64(LAST), 'head returns the CRC64');
  expectTrue(Number.isFinite(head.lastModifiedAt), 'lastModifiedAt is a number');
  const { status, headers } = await send(await store.presign({ method: 'GET', key: 'a' }), new Uint8Array());
  expectTrue(
    status === 200 && headers['content-length'] === String(LAST.length),
    'a presigned GET reads the object',
  );
  await store.delete({ key: 'a' });
  expectTrue((await store.head({ key: 'a' })) === undefined, 'the deleted object is gone');
  await store.delete({ key: 'a' });
}

async function abortsUpload(stage: ObjectStoreStage): Promise<void> {
  const { store } = stage;
  await putObject(stage, 'a', FIRST);
  const upload = { key: 'a', ...(await store.initiate({ key: 'a', object: {} })) };
  await storePart(stage, upload, 1, LAST);
  await store.abort(upload);
  expectTrue((await store.listUploads({})).length === 0, 'the upload is gone');
  expectTrue(
    (await store.head({ key: 'a' }))?.size === FIRST.length,
    'the object of the same key still exists',
  );
  await expectUploadError(store.abort(upload), 'upload_not_found');
  await expectUploadError(store.listParts(upload), 'upload_not_found');
}

/** Each has caused a defect in some client of OSS or S3. */
const AWKWARD_KEYS: readonly string[] = [
  ' space  at the ends ',
  'plus+percent%41%2F',
  'quote\'s"&<tag>;=,@:$',
  'question?#hash',
  "star*(paren)[x]{y}!~'|^`\\",
  '文/😀.txt',
  'a//b///c/',
  '007',
  '1e5',
  'tab\tline\nend',
  '...',
];
