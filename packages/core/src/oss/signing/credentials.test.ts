import { expect, test } from 'vitest';
import { createCredentials, type OssCredentials } from './credentials.ts';

const MINUTE = 60_000;

/** A source that resolves manually, and a clock that moves manually. */
function createSource() {
  const calls: { resolve(credentials: OssCredentials): void; fail(reason: unknown): void }[] = [];
  const clock = { at: 0, now: () => clock.at };
  const source = (): Promise<OssCredentials> =>
    new Promise((resolve, reject) => calls.push({ resolve, fail: reject }));
  return { calls, clock, credentials: createCredentials(source, clock) };
}

const set = (n: number, expiresAt?: number): OssCredentials => ({
  accessKeyId: `id${n}`,
  accessKeySecret: `secret${n}`,
  securityToken: `token${n}`,
  ...(expiresAt !== undefined && { expiresAt }),
});

test('concurrent callers share one call of the source and get one set [pain-3]', async () => {
  const { calls, credentials } = createSource();
  const callers = [1, 2, 3].map(() => credentials.current());
  calls[0]?.resolve(set(1, 60 * MINUTE));
  expect(await Promise.all(callers)).toEqual([1, 2, 3].map(() => set(1, 60 * MINUTE)));
  expect(await credentials.current()).toEqual(set(1, 60 * MINUTE));
  expect(calls).toHaveLength(1);
});

test('callers during a refresh wait for the new set [pain-3]', async () => {
  const { calls, clock, credentials } = createSource();
  const first = credentials.current();
  calls[0]?.resolve(set(1, 60 * MINUTE));
  await first;
  clock.at = 56 * MINUTE;
  const callers = [credentials.current(), credentials.current()];
  calls[1]?.resolve(set(2, 120 * MINUTE));
  expect(
    (await Promise.all(callers)).map(({ accessKeyId, securityToken }) => accessKeyId + securityToken),
  ).toEqual(['id2token2', 'id2token2']);
  expect(calls).toHaveLength(2);
});

test.each([
  [60 * MINUTE, 55 * MINUTE],
  [6 * MINUTE, 4 * MINUTE],
  [undefined, 5 * MINUTE],
])('a set that expires after %s ms is refreshed after %s ms', async (life, renewedAfter) => {
  const { calls, clock, credentials } = createSource();
  const first = credentials.current();
  calls[0]?.resolve(set(1, life));
  await first;
  clock.at = renewedAfter - 1;
  await credentials.current();
  expect(calls).toHaveLength(1);
  clock.at = renewedAfter;
  const second = credentials.current();
  calls[1]?.resolve(set(2, life === undefined ? undefined : clock.at + life));
  expect((await second).accessKeyId).toBe('id2');
});

test('after a failed refresh the valid set stays in use and the next call tries again', async () => {
  const { calls, clock, credentials } = createSource();
  const first = credentials.current();
  calls[0]?.resolve(set(1, 60 * MINUTE));
  await first;
  clock.at = 57 * MINUTE;
  const second = credentials.current();
  calls[1]?.fail(new Error('STS is away'));
  expect((await second).accessKeyId).toBe('id1');
  clock.at = 60 * MINUTE;
  const third = credentials.current();
  calls[2]?.fail(new Error('STS is away'));
  await expect(third).rejects.toMatchObject({ code: 'credentials_expired', disposition: 'transient' });
  const fourth = credentials.current();
  calls[3]?.resolve(set(4, 120 * MINUTE));
  expect((await fourth).accessKeyId).toBe('id4');
});

test('a source that throws synchronously is called again', async () => {
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

test('invalidate removes the refused set and keeps a newer one', async () => {
  const { calls, credentials } = createSource();
  const first = credentials.current();
  calls[0]?.resolve(set(1, 60 * MINUTE));
  const refused = await first;
  credentials.invalidate(refused);
  const second = credentials.current();
  calls[1]?.fail(new Error('STS is away'));
  await expect(second).rejects.toMatchObject({ code: 'credentials_expired' });
  const third = credentials.current();
  calls[2]?.resolve(set(3, 60 * MINUTE));
  const renewed = await third;
  credentials.invalidate(refused);
  expect(await credentials.current()).toBe(renewed);
});

test('later writes of its owner do not change a set', async () => {
  const mine = { accessKeyId: 'id1', accessKeySecret: 'secret1', securityToken: 'token1' };
  const credentials = createCredentials(mine, { now: () => 0 });
  mine.securityToken = 'token2';
  expect((await credentials.current()).securityToken).toBe('token1');
  credentials.invalidate(mine);
  expect((await credentials.current()).accessKeyId).toBe('id1');
});

test('invalid credentials are rejected with the name of the field, never its value', async () => {
  const bad = { accessKeyId: 'id', accessKeySecret: 'hush\n' };
  expect(() => createCredentials(bad, { now: () => 0 })).toThrow(
    new TypeError('credentials.accessKeySecret must be a non-empty string without white space at its ends'),
  );
  await expect(createCredentials(() => bad, { now: () => 0 }).current()).rejects.toMatchObject({
    code: 'access_denied',
    message: expect.not.stringContaining('hush'),
  });
  expect(() => createCredentials({ ...set(1), expiresAt: new Date('soon') }, { now: () => 0 })).toThrow(
    'credentials.expiresAt must be a Date or milliseconds since the epoch',
  );
});
