import { expect, test } from 'vitest';
import { assertAllowed, type Policy, resolvePartSize, resolvePolicy } from './policy.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const refused = expect.objectContaining({ code: 'refused', disposition: 'permanent' });

test.each<[string, Policy, number | undefined, number | undefined, number]>([
  ['the default size', {}, GIB, undefined, 8 * MIB],
  ['the requested size', {}, GIB, 16 * MIB, 16 * MIB],
  ['a too small requested size is raised', { partSizeMin: 4 * MIB }, GIB, MIB, 4 * MIB],
  ['a too large requested size is lowered', { partSizeMax: 32 * MIB }, GIB, GIB, 32 * MIB],
  ['the default size is lowered too', { partSizeMax: 2 * MIB }, GIB, undefined, 2 * MIB],
  ['the default size is raised too', { partSizeMin: 64 * MIB }, GIB, undefined, 64 * MIB],
  ['a stream starts with the default size', {}, undefined, undefined, 8 * MIB],
  ['a stream stays within the policy', { partSizeMin: 16 * MIB }, undefined, MIB, 16 * MIB],
  [
    'a large file gets the maximum number of parts',
    { partSizeMax: 2 * MIB },
    2 * MIB * 10_000,
    undefined,
    2 * MIB,
  ],
])('part size: %s', (_, policy, size, requested, expected) => {
  expect(resolvePartSize(resolvePolicy(policy), size, requested)).toBe(expected);
});

test('a file that needs larger parts than allowed is refused', () => {
  const policy = resolvePolicy({ partSizeMax: 2 * MIB });
  expect(() => resolvePartSize(policy, 2 * MIB * 10_000 + 1, undefined)).toThrow(refused);
  expect(() => resolvePartSize(policy, GIB, 1)).toThrow(refused);
});

test.each([
  [[], undefined, true],
  [['image/*'], 'image/png', true],
  [['image/*'], 'IMAGE/PNG', true],
  [['image/*'], 'imagery/png', false],
  [['image/png'], 'image/png;q=1', true],
  [['image/png'], 'image/pngx', false],
  [['image/*', 'video/mp4'], 'video/mp4', true],
  [['image/*'], undefined, false],
  [['image/*'], '', false],
])('content types %j allow %s: %s', (contentTypes, contentType, isAllowed) => {
  const check = (): void => assertAllowed(resolvePolicy({ contentTypes }), { size: 1, contentType });
  if (isAllowed) check();
  else expect(check).toThrow(refused);
});

test('a size equal to a bound is allowed', () => {
  const policy = resolvePolicy({ sizeMin: 10, sizeMax: 20 });
  for (const size of [10, 20, undefined]) assertAllowed(policy, { size, contentType: undefined });
  for (const size of [9, 21, -1, 1.5, Number.NaN, 2 ** 60]) {
    expect(() => assertAllowed(policy, { size, contentType: undefined })).toThrow(refused);
  }
});

test.each<[Policy, RegExp]>([
  [{ sizeMax: -1 }, /size must be/],
  [{ sizeMin: 2, sizeMax: 1 }, /policy.sizeMin 2 exceeds/],
  [{ partSizeMin: 1 }, /partSize must be/],
  [{ partSizeMin: 8 * MIB, partSizeMax: 4 * MIB }, /policy.partSizeMin/],
  [{ contentTypes: ['image'] }, /policy.contentTypes must contain types/],
  [{ urlsPerCallMax: 127 }, /policy.urlsPerCallMax must be a whole number from 128 to 10000/],
  [{ urlsPerUploadMax: 0 }, /policy.urlsPerUploadMax/],
  [{ uploadsPerPrincipalMax: 1.5 }, /policy.uploadsPerPrincipalMax/],
])('the policy %j throws an error that names the option', (policy, message) => {
  expect(() => resolvePolicy(policy)).toThrow(message);
});
