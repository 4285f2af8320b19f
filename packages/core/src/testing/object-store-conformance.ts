import { crc64 } from '../checksum/crc64.ts';
import type { PresignedRequest, StorePresignRequest } from '../object-store-port.ts';
import { type ConformanceCase, claim } from './conformance.ts';
import { OBJECT_STORE_FAILURES } from './object-store-failures.ts';
import {
  FIRST,
  LAST,
  type ObjectStoreCheck,
  type ObjectStoreStage,
  PART_SIZE,
  putObject,
  putPart,
  refusalOf,
} from './object-store-stage.ts';

export interface ObjectStoreHarness {
  /** Each case has a stage of its own. */
  createStage(): Promise<ObjectStoreStage>;
}

/** What every {@link ObjectStore} must do, as cases for any test runner. */
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
  ['makes an object of its parts, and says what it has become', makesObject],
  ['carries the options of an object', carriesOptions],
  ['adds no type nobody asked for', addsNoType],
  ['lists no part, one part, and parts in order', listsParts],
  ['lists more parts than a page holds', listsAllPages],
  ['lists uploads by key, with what began them', listsUploads],
  ['takes any key that can be', takesAnyKey],
  ['signs what is asked for, for as long as is asked', signsAsAsked],
  ['signs the headers, which must then be sent', signsHeaders],
  ['signs a batch of parts, each as it would be alone', signsBatch],
  ['puts, finds and deletes an object', putsAndDeletes],
  ['aborts an upload and leaves the object', abortsUpload],
];

async function makesObject(stage: ObjectStoreStage): Promise<void> {
  const { store } = stage;
  const key = 'video/1.mp4';
  const { uploadId } = await store.initiate({ key, object: {} });
  claim(uploadId !== '', 'the upload has an id');
  claim((await store.head({ key })) === undefined, 'there is no object before Complete');
  await putPart(stage, { key, uploadId }, 7, LAST);
  await putPart(stage, { key, uploadId }, 2, FIRST);
  const parts = await store.listParts({ key, uploadId });
  const completed = await store.complete({ key, uploadId, parts });
  const whole = crc64(Uint8Array.from([...FIRST, ...LAST]));
  claim(completed.crc64 === whole, 'Complete gives the CRC64 of the whole object');
  claim(/^[^"]+$/.test(completed.etag), 'Complete gives the ETag without quotes');
  claim(completed.requestId !== '', 'Complete gives its request id');
  const head = await store.head({ key });
  claim(head !== undefined, 'head finds the object');
  claim(head.size === PART_SIZE + LAST.length && head.crc64 === whole, 'head gives its size and CRC64');
  claim(head.etag === completed.etag, 'head gives the same ETag as Complete');
  claim(head.requestId !== '', 'head gives its request id');
}

async function carriesOptions(stage: ObjectStoreStage): Promise<void> {
  const { store } = stage;
  const key = 'a.bin';
  const metadata = { nonce: '0123', author: 'wei' };
  const object = {
    contentType: 'text/x-odd; a=b',
    metadata,
    cacheControl: 'no-store',
    storageClass: 'IA',
  } as const;
  const { uploadId } = await store.initiate({ key, object });
  await putPart(stage, { key, uploadId }, 1, LAST);
  await store.complete({ key, uploadId, parts: await store.listParts({ key, uploadId }), acl: 'private' });
  const head = await store.head({ key });
  claim(head?.contentType === object.contentType, 'the Content-Type is that of initiate');
  claim(JSON.stringify(sorted(head.metadata)) === JSON.stringify(sorted(metadata)), 'the metadata are too');
}

async function addsNoType(stage: ObjectStoreStage): Promise<void> {
  const key = 'video/1.mp4';
  const { uploadId } = await stage.store.initiate({ key, object: {} });
  await putPart(stage, { key, uploadId }, 1, LAST);
  const parts = await stage.store.listParts({ key, uploadId });
  await stage.store.complete({ key, uploadId, parts });
  const head = await stage.store.head({ key });
  claim(head?.contentType !== 'video/mp4', 'no type is guessed from the key');
}

async function listsParts(stage: ObjectStoreStage): Promise<void> {
  const { store } = stage;
  const key = 'a.bin';
  const upload = { key, ...(await store.initiate({ key, object: {} })) };
  claim((await store.listParts(upload)).length === 0, 'a new upload has no parts');
  const etag = await putPart(stage, upload, 10, LAST);
  const [lone, ...others] = await store.listParts(upload);
  claim(lone !== undefined && others.length === 0, 'a lone part is a list of one');
  claim(lone.partNumber === 10 && lone.size === LAST.length, 'it has its number and its size');
  claim(lone.etag === etag && lone.crc64 === crc64(LAST), 'it has its ETag, without quotes, and its CRC64');
  await putPart(stage, upload, 9, LAST);
  await putPart(stage, upload, 10, FIRST);
  const parts = await store.listParts(upload);
  claim(parts.map(({ partNumber }) => partNumber).join() === '9,10', 'parts are in order of their numbers');
  claim(parts[1]?.crc64 === crc64(FIRST), 'a part sent again is the part sent last');
}

async function listsAllPages(stage: ObjectStoreStage): Promise<void> {
  const key = 'a.bin';
  const upload = { key, ...(await stage.store.initiate({ key, object: {} })) };
  const count = 1003;
  for (let first = 1; first <= count; first += 50) {
    const numbers = Array.from({ length: Math.min(50, count - first + 1) }, (_, index) => first + index);
    await Promise.all(numbers.map((partNumber) => putPart(stage, upload, partNumber, LAST)));
  }
  const parts = await stage.store.listParts(upload);
  claim(parts.length === count, `all ${count} parts are listed, not ${parts.length}`);
  claim(
    parts.every(({ partNumber, uploadedAt = 0 }, index) => partNumber === index + 1 && uploadedAt > 0),
    'they are in order, and each says when it was uploaded',
  );
}

async function listsUploads({ store }: ObjectStoreStage): Promise<void> {
  claim((await store.listUploads({})).length === 0, 'an empty bucket has no uploads');
  const made: string[] = [];
  for (const key of ['a/2', 'b/1', 'a/1', 'a/1']) {
    const { uploadId } = await store.initiate({ key, object: {} });
    made.push(`${key} ${uploadId}`);
  }
  const all = await store.listUploads({});
  const names = all.map(({ key, uploadId }) => `${key} ${uploadId}`);
  claim(
    names.join() === made.toSorted((a, b) => (a < b ? -1 : 1)).join(),
    'all are listed, by key and uploadId',
  );
  claim(
    all.every(({ initiatedAt, listedAt = Number.NaN }) => initiatedAt < listedAt + 1000),
    'each says when it began and when it was listed, by one clock, to the second',
  );
  const some = await store.listUploads({ prefix: 'a/' });
  claim(some.map(({ key }) => key).join() === 'a/1,a/1,a/2', 'a prefix restricts the list');
}

async function takesAnyKey(stage: ObjectStoreStage): Promise<void> {
  for (const key of AWKWARD_KEYS) {
    const upload = { key, ...(await stage.store.initiate({ key, object: {} })) };
    await putPart(stage, upload, 1, LAST);
    const listed = await stage.store.listUploads({ prefix: key });
    claim(listed[0]?.key === key, `the key ${JSON.stringify(key)} is listed as it is`);
    await stage.store.complete({ ...upload, parts: await stage.store.listParts(upload) });
    claim((await stage.store.head({ key }))?.size === LAST.length, `${JSON.stringify(key)} is found`);
    await stage.store.delete({ key });
  }
}

async function signsAsAsked({ store }: ObjectStoreStage): Promise<void> {
  const sign = (more: Partial<StorePresignRequest>): Promise<PresignedRequest> =>
    store.presign({ method: 'PUT', key: 'a', ...more });
  const parameters = async (more: Partial<StorePresignRequest>): Promise<URLSearchParams> =>
    new URL((await sign(more)).url).searchParams;
  claim((await parameters({})).get('x-oss-expires') === '900', 'a URL lives for 900 s');
  claim((await parameters({ expiresInSeconds: 60 })).get('x-oss-expires') === '60', 'or as long as asked');
  const signed = await parameters({ query: { partNumber: 3, uploadId: 'U+/=', acl: undefined, x: '' } });
  claim(signed.get('partNumber') === '3' && signed.get('uploadId') === 'U+/=', 'the query is in the URL');
  claim(signed.get('acl') === '' && signed.get('x') === '', 'bare names too');
  const [short, long] = [await sign({ expiresInSeconds: 60 }), await sign({ expiresInSeconds: 3660 })];
  const later = long.expiresAt - short.expiresAt;
  claim(later >= 3_600_000 && later < 3_700_000, 'expiresAt says when it expires');
  claim(Object.keys(short.headers).length === 0, 'and no header is needed where none was signed');
}

async function signsHeaders({ store, send }: ObjectStoreStage): Promise<void> {
  const headers = { 'Content-Type': ' text/plain ', 'x-oss-meta-a': '1', 'Cache-Control': 'no-store' };
  const request = await store.presign({
    method: 'PUT',
    key: 'a',
    headers,
    additionalHeaders: ['cache-control'],
  });
  const expected = { 'cache-control': 'no-store', 'content-type': 'text/plain', 'x-oss-meta-a': '1' };
  claim(JSON.stringify(sorted(request.headers)) === JSON.stringify(expected), 'headers are those to send');
  const without = await send({ ...request, headers: {} }, LAST);
  claim(without.status >= 400, `OSS refuses the request without them, it answered ${without.status}`);
  const withThem = await send(request, LAST);
  claim(withThem.status === 200, `OSS takes the request with them, it answered ${withThem.status}`);
  claim((await store.head({ key: 'a' }))?.metadata.a === '1', 'they have their effect');
}

async function signsBatch({ store, send }: ObjectStoreStage): Promise<void> {
  const upload = { key: 'a', ...(await store.initiate({ key: 'a', object: {} })) };
  const batch = await store.presignParts({ ...upload, partNumbers: [3, 1], expiresInSeconds: 60 });
  for (const part of batch) claim((await send(part, LAST)).status === 200, `OSS takes ${part.partNumber}`);
  const listed = await store.listParts(upload);
  claim(listed.map(({ partNumber }) => partNumber).join() === '1,3', 'each is the part it was signed for');
  await store.abort(upload);
}

async function putsAndDeletes(stage: ObjectStoreStage): Promise<void> {
  const { store, send } = stage;
  await putObject(stage, 'a', LAST);
  const head = await store.head({ key: 'a' });
  claim(head?.crc64 === crc64(LAST), 'the object is found with its CRC64');
  claim(Number.isFinite(head.lastModifiedAt), 'and with the time of its change');
  const { status, headers } = await send(await store.presign({ method: 'GET', key: 'a' }), new Uint8Array());
  claim(status === 200 && headers['content-length'] === String(LAST.length), 'a presigned GET reads it');
  await store.delete({ key: 'a' });
  claim((await store.head({ key: 'a' })) === undefined, 'deleted, it is gone');
  await store.delete({ key: 'a' });
}

async function abortsUpload(stage: ObjectStoreStage): Promise<void> {
  const { store } = stage;
  await putObject(stage, 'a', FIRST);
  const upload = { key: 'a', ...(await store.initiate({ key: 'a', object: {} })) };
  await putPart(stage, upload, 1, LAST);
  await store.abort(upload);
  claim((await store.listUploads({})).length === 0, 'the upload is gone');
  claim((await store.head({ key: 'a' }))?.size === FIRST.length, 'the object of the same key is still there');
  await refusalOf(store.abort(upload), 'upload_not_found');
  await refusalOf(store.listParts(upload), 'upload_not_found');
}

/** Each has broken some client of OSS or S3. */
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

function sorted(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
