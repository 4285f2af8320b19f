import { expect, test } from 'vitest';
import { createCredentials, type OssCredentials } from './credentials.ts';

const MINUTE = 60_000;

/** A source that answers only when told to, and a clock that moves only when told to. */
function createSource() {
  const asked: { answer(credentials: OssCredentials): void; fail(reason: unknown): void }[] = [];
  const clock = { at: 0, now: () => clock.at };
  const source = (): Promise<OssCredentials> =>
    new Promise((resolve, reject) => asked.push({ answer: resolve, fail: reject }));
  return { asked, clock, credentials: createCredentials(source, clock) };
}

const set = (n: number, expiresAt?: number): OssCredentials => ({
  accessKeyId: `id${n}`,
  accessKeySecret: `secret${n}`,
  securityToken: `token${n}`,
  ...(expiresAt !== undefined && { expiresAt }),
});

test('however many callers wait, the source is asked once, and all get one set [pain-3]', async () => {
  const { asked, credentials } = createSource();
  const callers = [1, 2, 3].map(() => credentials.current());
  asked[0]?.answer(set(1, 60 * MINUTE));
  expect(await Promise.all(callers)).toEqual([1, 2, 3].map(() => set(1, 60 * MINUTE)));
  expect(await credentials.current()).toEqual(set(1, 60 * MINUTE));
  expect(asked).toHaveLength(1);
});

test('a refresh that is under way makes nothing fresh: callers wait for the new set [pain-3]', async () => {
  const { asked, clock, credentials } = createSource();
  const first = credentials.current();
  asked[0]?.answer(set(1, 60 * MINUTE));
  await first;
  clock.at = 56 * MINUTE;
  const callers = [credentials.current(), credentials.current()];
  asked[1]?.answer(set(2, 120 * MINUTE));
  expect(
    (await Promise.all(callers)).map(({ accessKeyId, securityToken }) => accessKeyId + securityToken),
  ).toEqual(['id2token2', 'id2token2']);
  expect(asked).toHaveLength(2);
});

test.each([
  [60 * MINUTE, 55 * MINUTE],
  [6 * MINUTE, 4 * MINUTE],
  [undefined, 5 * MINUTE],
])('a life of %s ms is renewed after %s ms', async (life, renewedAfter) => {
  const { asked, clock, credentials } = createSource();
  const first = credentials.current();
  asked[0]?.answer(set(1, life));
  await first;
  clock.at = renewedAfter - 1;
  await credentials.current();
  expect(asked).toHaveLength(1);
  clock.at = renewedAfter;
  const second = credentials.current();
  asked[1]?.answer(set(2, life === undefined ? undefined : clock.at + life));
  expect((await second).accessKeyId).toBe('id2');
});

test('a failed refresh leaves living credentials in use and is not remembered', async () => {
  const { asked, clock, credentials } = createSource();
  const first = credentials.current();
  asked[0]?.answer(set(1, 60 * MINUTE));
  await first;
  clock.at = 57 * MINUTE;
  const second = credentials.current();
  asked[1]?.fail(new Error('STS is away'));
  expect((await second).accessKeyId).toBe('id1');
  clock.at = 60 * MINUTE;
  const third = credentials.current();
  asked[2]?.fail(new Error('STS is away'));
  await expect(third).rejects.toMatchObject({ code: 'credentials_expired', disposition: 'transient' });
  const fourth = credentials.current();
  asked[3]?.answer(set(4, 120 * MINUTE));
  expect((await fourth).accessKeyId).toBe('id4');
});

test('a source that throws at once is asked again too', async () => {
  let calls = 0;
  const credentials = createCredentials(
    () => {
      calls++;
      if (calls === 1) throw new Error('no');
      return set(2);
    },
    { now: () => 0 },
  );
  await expect(credentials.current()).rejects.toMatchObject({
    code: 'credentials_expired',
    cause: Error('no'),
  });
  expect(await credentials.current()).toEqual(set(2));
});

test('credentials that OSS refused are not given out again, newer ones stay', async () => {
  const { asked, credentials } = createSource();
  const first = credentials.current();
  asked[0]?.answer(set(1, 60 * MINUTE));
  const refused = await first;
  credentials.invalidate(refused);
  const second = credentials.current();
  asked[1]?.fail(new Error('STS is away'));
  await expect(second).rejects.toMatchObject({ code: 'credentials_expired' });
  const third = credentials.current();
  asked[2]?.answer(set(3, 60 * MINUTE));
  const renewed = await third;
  credentials.invalidate(refused);
  expect(await credentials.current()).toBe(renewed);
});

test('a set stays one although its owner writes to it', async () => {
  const mine = { accessKeyId: 'id1', accessKeySecret: 'secret1', securityToken: 'token1' };
  const credentials = createCredentials(mine, { now: () => 0 });
  mine.securityToken = 'token2';
  expect((await credentials.current()).securityToken).toBe('token1');
  credentials.invalidate(mine);
  expect((await credentials.current()).accessKeyId).toBe('id1');
});

test('what is no credential is refused by the name of its field, never by its value', async () => {
  const bad = { accessKeyId: 'id', accessKeySecret: 'hush\n' };
  expect(() => createCredentials(bad, { now: () => 0 })).toThrow(
    new TypeError(
      'credentials.accessKeySecret must be a text, not empty, and without white space at its ends',
    ),
  );
  await expect(createCredentials(() => bad, { now: () => 0 }).current()).rejects.toMatchObject({
    code: 'access_denied',
    message: expect.not.stringContaining('hush'),
  });
  expect(() => createCredentials({ ...set(1), expiresAt: new Date('soon') }, { now: () => 0 })).toThrow(
    'credentials.expiresAt must be a Date or milliseconds since the epoch',
  );
});
