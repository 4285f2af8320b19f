import type { PresignedRequest, StorePresignRequest } from '../object-store-port.ts';
import { expectTrue } from './conformance.ts';
import { LAST, type ObjectStoreCheck, type ObjectStoreStage } from './object-store-stage.ts';

/** The contract of every {@link ObjectStore} for presigned requests. */
export const OBJECT_STORE_PRESIGNING: readonly ObjectStoreCheck[] = [
  ['presign signs query and expiry', presignsRequests],
  ['presign signs headers, which must then be sent', presignsHeaders],
  ['presignParts signs each part', presignsParts],
];

async function presignsRequests({ store }: ObjectStoreStage): Promise<void> {
  const sign = (more: Partial<StorePresignRequest>): Promise<PresignedRequest> =>
    store.presign({ method: 'PUT', key: 'a', ...more });
  const parameters = async (more: Partial<StorePresignRequest>): Promise<URLSearchParams> =>
    new URL((await sign(more)).url).searchParams;
  expectTrue((await parameters({})).get('x-oss-expires') === '900', 'a URL is valid for 900 s by default');
  expectTrue(
    (await parameters({ expiresInSeconds: 60 })).get('x-oss-expires') === '60',
    'expiresInSeconds is signed',
  );
  const signed = await parameters({ query: { partNumber: 3, uploadId: 'U+/=', acl: undefined, x: '' } });
  expectTrue(
    signed.get('partNumber') === '3' && signed.get('uploadId') === 'U+/=',
    'the query is in the URL',
  );
  expectTrue(signed.get('acl') === '' && signed.get('x') === '', 'bare names are in the URL');
  const [short, long] = [await sign({ expiresInSeconds: 60 }), await sign({ expiresInSeconds: 3660 })];
  const later = long.expiresAt - short.expiresAt;
  expectTrue(later >= 3_600_000 && later < 3_700_000, 'expiresAt follows expiresInSeconds');
  expectTrue(Object.keys(short.headers).length === 0, 'without signed headers none has to be sent');
}

async function presignsHeaders({ store, send }: ObjectStoreStage): Promise<void> {
  const headers = { 'Content-Type': ' text/plain ', 'x-oss-meta-a': '1', 'Cache-Control': 'no-store' };
  const request = await store.presign({
    method: 'PUT',
    key: 'a',
    headers,
    additionalHeaders: ['cache-control'],
  });
  const expected = { 'cache-control': 'no-store', 'content-type': 'text/plain', 'x-oss-meta-a': '1' };
  expectTrue(
    JSON.stringify(sorted(request.headers)) === JSON.stringify(expected),
    'headers are exactly those to send',
  );
  const without = await send({ ...request, headers: {} }, LAST);
  expectTrue(without.status >= 400, `OSS rejects the request without them, not ${without.status}`);
  const withThem = await send(request, LAST);
  expectTrue(withThem.status === 200, `OSS accepts the request with them, not ${withThem.status}`);
  expectTrue((await store.head({ key: 'a' }))?.metadata.a === '1', 'they are stored');
}

async function presignsParts({ store, send }: ObjectStoreStage): Promise<void> {
  const upload = { key: 'a', ...(await store.initiate({ key: 'a', object: {} })) };
  const batch = await store.presignParts({ ...upload, partNumbers: [3, 1], expiresInSeconds: 60 });
  for (const part of batch)
    expectTrue((await send(part, LAST)).status === 200, `OSS accepts part ${part.partNumber}`);
  const listed = await store.listParts(upload);
  expectTrue(
    listed.map(({ partNumber }) => partNumber).join() === '1,3',
    'each request uploads its own part',
  );
  await store.abort(upload);
}

/** The same record, sorted by name. */
export function sorted(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
