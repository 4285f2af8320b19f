import { expect, test } from 'vitest';
import { crc64 } from '../checksum/crc64.ts';
import type { ListedPart, Receipt } from '../ports.ts';
import { planParts } from './part-plan.ts';
import { expectedObject, proveObject, proveParts } from './proof.ts';

const bytes = new Uint8Array(250).map((_, index) => index);
const plan = planParts(250, 100);
const receipts: readonly Receipt[] = plan.map(({ partNumber, offset, size }) => ({
  partNumber,
  size,
  crc64: crc64(bytes.subarray(offset, offset + size)),
}));
const listed: readonly ListedPart[] = receipts.map((receipt) => ({ ...receipt, etag: 'E' }));

function changed(partNumber: number, change: Partial<ListedPart>): readonly ListedPart[] {
  return listed.map((part) => (part.partNumber === partNumber ? { ...part, ...change } : part));
}

test('parts with the size and CRC64 of their receipts pass', () => {
  expect(() => proveParts(plan, receipts, listed)).not.toThrow();
});

test.each<[string, readonly Receipt[], readonly ListedPart[], object]>([
  [
    'a part without a receipt',
    receipts.slice(0, 2),
    listed,
    { code: 'part_missing', context: { partNumber: 3 } },
  ],
  [
    'a part that OSS does not list',
    receipts,
    listed.slice(1),
    { code: 'part_missing', context: { partNumber: 1 } },
  ],
  [
    'a part with other bytes',
    receipts,
    changed(2, { crc64: '1' }),
    { code: 'checksum_mismatch', context: { partNumber: 2 } },
  ],
  [
    'a part without a CRC64 in OSS',
    receipts,
    changed(2, { crc64: undefined }),
    { code: 'checksum_mismatch' },
  ],
  ['a part of another size', receipts, changed(3, { size: 51 }), { code: 'checksum_mismatch' }],
  [
    'a receipt of another size than planned',
    receipts.map((receipt) => ({ ...receipt, size: 100 })),
    listed,
    { code: 'checksum_mismatch', context: { partNumber: 3 } },
  ],
  [
    'a part beyond the plan',
    receipts,
    [...listed, { partNumber: 4, size: 1, crc64: '1', etag: 'E' }],
    { code: 'checksum_mismatch', context: { partNumber: 4 } },
  ],
])('%s is rejected by its number', (_, sent, stored, error) => {
  expect(() => proveParts(plan, sent, stored)).toThrow(
    expect.objectContaining({ disposition: 'permanent', ...error }),
  );
});

test('the expected object has the size and CRC64 of all parts together', () => {
  expect(expectedObject(receipts)).toEqual({ size: 250, crc64: crc64(bytes) });
});

test.each([
  ['other bytes', { size: 250, crc64: '1' }],
  ['another size', { size: 249, crc64: crc64(bytes) }],
  ['no CRC64', { size: 250, crc64: undefined }],
])('an object with %s is rejected with checksum_mismatch', (_, actual) => {
  expect(() => proveObject(expectedObject(receipts), actual)).toThrow(
    expect.objectContaining({ code: 'checksum_mismatch' }),
  );
});
