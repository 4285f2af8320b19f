import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createUploadTokens, type TokenKey, type UploadGrant } from './upload-token.ts';

const key = (kid: string, fill: number): TokenKey => ({ kid, key: new Uint8Array(32).fill(fill) });
const grant: UploadGrant = {
  bucket: 'media',
  key: 'secret/plan.txt',
  uploadId: 'U',
  size: 10,
  partSize: 5,
  object: { metadata: { a: 'b' } },
  nonce: 'n',
  expiresAt: 1000,
};
const refused = expect.objectContaining({ code: 'token_refused', disposition: 'permanent' });

test('an opened token equals the sealed grant', async () => {
  const tokens = createUploadTokens([key('a', 1)]);
  expect(await tokens.open(await tokens.seal(grant), 999)).toEqual(grant);
  const single = { ...grant, uploadId: undefined };
  expect(await tokens.open(await tokens.seal(single), 999)).toEqual(single);
});

test('a token cannot be read without the key [threat-5]', async () => {
  const token = await createUploadTokens([key('a', 1)]).seal(grant);
  const decoded = token.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
  expect(decoded.join()).not.toContain('plan.txt');
});

test('a token is refused from its expiry on [threat-4]', async () => {
  const tokens = createUploadTokens([key('a', 1)]);
  await expect(tokens.open(await tokens.seal(grant), 1000)).rejects.toEqual(refused);
});

test('every key opens, the first one seals', async () => {
  const old = await createUploadTokens([key('old', 1)]).seal(grant);
  const rotated = createUploadTokens([key('new', 2), key('old', 1)]);
  expect(await rotated.open(old, 0)).toEqual(grant);
  const fresh = await rotated.seal(grant);
  await expect(createUploadTokens([key('old', 1)]).open(fresh, 0)).rejects.toEqual(refused);
});

test('a changed, truncated or foreign token is refused with the same message [threat-4]', async () => {
  const tokens = createUploadTokens([key('a', 1)]);
  const token = await tokens.seal(grant);
  const foreign = await createUploadTokens([key('a', 2)]).seal(grant);
  const messages = new Set<string>();
  const expectRefusal = async (candidate: string): Promise<void> => {
    const error = await tokens.open(candidate, 0).then(
      () => new Error('opened'),
      (reason: Error) => reason,
    );
    messages.add(error.message);
  };
  for (const candidate of ['', 'a.b.c.d.e', token.slice(1), token.slice(0, -4), foreign])
    await expectRefusal(candidate);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: token.length - 2 }), async (at) => {
      const other = token[at] === 'A' ? 'B' : 'A';
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      // The last letter of a base64url segment may have unused bits.
      fc.pre(bytesOf(changed) !== bytesOf(token));
      await expectRefusal(changed);
    }),
  );
  expect([...messages]).toEqual(['[token_refused] the upload token is not valid']);
});

function bytesOf(token: string): string {
  const [header, ...segments] = token.split('.');
  return [header, ...segments.map((segment) => Buffer.from(segment, 'base64url').toString('hex'))].join('.');
}

test.each<[string, readonly TokenKey[], RegExp]>([
  ['no key', [], /at least one key/],
  ['a short key', [{ kid: 'a', key: new Uint8Array(16) }], /key a must be 32 bytes, got 16/],
  ['a key without a kid', [key('', 1)], /needs a kid/],
  ['two keys with the same kid', [key('a', 1), key('a', 2)], /every key needs a kid of its own/],
])('%s throws an error', (_, keys, message) => {
  expect(() => createUploadTokens(keys)).toThrow(message);
});
