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

test('a grant comes back as it was sealed', async () => {
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

test('from the instant of its expiry on, a token is refused [threat-4]', async () => {
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

test('a changed, cut or foreign token is refused, always in the same words [threat-4]', async () => {
  const tokens = createUploadTokens([key('a', 1)]);
  const token = await tokens.seal(grant);
  const foreign = await createUploadTokens([key('a', 2)]).seal(grant);
  const messages = new Set<string>();
  const expectRefusal = async (wrong: string): Promise<void> => {
    const error = await tokens.open(wrong, 0).then(
      () => new Error('opened'),
      (reason: Error) => reason,
    );
    messages.add(error.message);
  };
  for (const wrong of ['', 'a.b.c.d.e', token.slice(1), token.slice(0, -4), foreign])
    await expectRefusal(wrong);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: token.length - 2 }), async (at) => {
      const other = token[at] === 'A' ? 'B' : 'A';
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      // The last letter of a segment may hold bits that mean nothing.
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
  ['a key without a name', [key('', 1)], /needs a kid/],
  ['two keys of one name', [key('a', 1), key('a', 2)], /every key needs a kid of its own/],
])('refuses %s', (_, keys, message) => {
  expect(() => createUploadTokens(keys)).toThrow(message);
});
