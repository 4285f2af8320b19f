import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type SurviveStage, startSurviveStage } from './survive-stage.ts';

const PART = 102_400;
const SIZE = 4 * PART + 1;
const EXPOSED = ['ETag', 'x-oss-request-id', 'x-oss-hash-crc64ecma'];

let stage: SurviveStage;
let path: string;

beforeAll(async () => {
  stage = await startSurviveStage();
  path = await stage.file('page.html', SIZE);
}, 60_000);
afterAll(() => stage.close());
afterEach(() => stage.expose(EXPOSED));

test.each([
  ['the ETag', EXPOSED.slice(1), []],
  ['everything', [], ['x-oss-hash-crc64ecma', 'x-oss-request-id']],
])('a bucket that hides %s from pages receives every byte', async (hidden, exposed, reported) => {
  await stage.expose(exposed);
  for (const partSize of [PART, 2 * SIZE]) {
    const key = `${hidden} ${partSize}`;
    const tab = await stage.open();
    await tab.choose(path);
    await tab.evaluate((terms) => window.uploads.upload(terms), { key, partSize });
    expect(await tab.evaluate(() => window.uploads.ended())).toBe('completed');
    expect(await tab.evaluate(() => window.uploads.hidden())).toEqual(reported);
    await stage.expectStored(key, path);
    await tab.close();
  }
});

/** Types that browsers derive from names, types that a page may set, and malformed types. */
const TYPES = [
  undefined,
  '',
  'text/plain',
  'text/plain;charset=utf-8',
  'multipart/form-data; boundary="a b"',
  'application/x-www-form-urlencoded',
  'image/svg+xml',
  'IMAGE/PNG',
  'no type',
  '*/*',
  ';',
  ' ',
  'a/b/c?d=e&f=%20',
  '图像/像素',
];

test('no request has an unsigned Content-Type, for any file type', async () => {
  const tab = await stage.open();
  await tab.choose(path);
  for (const [index, type] of TYPES.entries()) {
    const typed = { ...(type !== undefined && { type }) };
    const [inParts, inOne] = [`in parts ${index}`, `in one ${index}`];
    for (const [key, partSize] of [[inParts, PART] as const, [inOne, 2 * SIZE] as const]) {
      await tab.evaluate((terms) => window.uploads.upload(terms), { key, partSize, ...typed });
      expect(await tab.evaluate(() => window.uploads.ended())).toBe('completed');
      await stage.expectStored(key, path);
    }
    const answers = stage.sent.of(inParts).map(({ contentType, status }) => ({ contentType, status }));
    expect(answers).toEqual(Array.from({ length: 5 }, () => ({ contentType: undefined, status: 200 })));
    // One PutObject has the type of the object, and OSS checks that it was signed.
    expect(stage.sent.of(inOne)).toMatchObject([{ partNumber: undefined, status: 200 }]);
  }
  await tab.close();
});
