import { crc64 } from '../checksum/crc64.ts';
import type { PartBody, Source } from '../ports.ts';
import { type ConformanceCase, expectTrue, getRejection } from './conformance.ts';

/** Opens sources for the conformance suite. */
export interface SourceHarness {
  /** Opens a source over these bytes. Each case opens one and closes it. */
  open(bytes: Uint8Array): Promise<Source>;
}

/** The contract of a {@link Source}, as cases for any test runner. The largest source has about 3 MiB. */
export function sourceConformance({ open }: SourceHarness): readonly ConformanceCase[] {
  const withSource =
    (size: number, check: (source: Source, bytes: Uint8Array) => Promise<void>) =>
    async (): Promise<void> => {
      const bytes = createPattern(size);
      const source = await open(bytes);
      try {
        await check(source, bytes);
      } finally {
        await source.close();
      }
    };

  return [
    { name: 'has the size of its bytes', run: withSource(SIZE, hasSize) },
    { name: 'reads the bytes of every range', run: withSource(SIZE, readsEveryRange) },
    { name: 'reads no bytes for an empty part', run: withSource(10, readsEmptyPart) },
    { name: 'can be empty', run: withSource(0, readsEmptyPart) },
    { name: 'reads the same bytes again', run: withSource(SIZE, readsAgain) },
    {
      name: 'reads a part from its start after a cancelled pass [pain-33]',
      run: withSource(SIZE, readsAfterCancel),
    },
    { name: 'reads several parts in parallel', run: withSource(SIZE, readsInParallel) },
    { name: 'has the CRC64 of a part after a pass', run: withSource(SIZE, hasCrc64AfterReading) },
    { name: 'reads the bytes for the CRC64 without a pass', run: withSource(SIZE, readsForCrc64) },
    { name: 'rejects with the reason of an abort', run: withSource(SIZE, rejectsOnAbort) },
    { name: 'reads nothing with an aborted signal', run: withSource(SIZE, rejectsAbortedSignal) },
    { name: 'has a stable fingerprint', run: withSource(10, keepsFingerprint) },
  ];
}

/** No multiple of a power of two, and several chunks. */
const SIZE = 3 * 1024 * 1024 - 12_345;

async function hasSize(source: Source, bytes: Uint8Array): Promise<void> {
  expectTrue(source.size === bytes.length, `size is ${bytes.length}, not ${source.size}`);
}

async function readsEveryRange(source: Source, bytes: Uint8Array): Promise<void> {
  const ranges = [
    [0, 1],
    [0, SIZE],
    [1, 100],
    [1024 * 1024 - 1, 2],
    [4096, 1024 * 1024],
    [SIZE - 1, 1],
    [1_000_000, SIZE - 1_000_000],
  ] as const;
  for (const [offset, size] of ranges) {
    const part = source.part(offset, size);
    expectTrue(part.size === size, `a part of ${size} bytes has this size, not ${part.size}`);
    await expectBytes(part, bytes.subarray(offset, offset + size));
  }
}

async function readsEmptyPart(source: Source): Promise<void> {
  const part = source.part(0, 0);
  expectTrue((await readAll(part)).length === 0, 'an empty part yields no bytes');
  expectTrue((await part.crc64(createSignal())) === '0', 'the CRC64 of no bytes is 0');
}

async function readsAgain(source: Source, bytes: Uint8Array): Promise<void> {
  const part = source.part(17, 2_000_000);
  await expectBytes(part, bytes.subarray(17, 2_000_017));
  await expectBytes(part, bytes.subarray(17, 2_000_017));
}

async function readsAfterCancel(source: Source, bytes: Uint8Array): Promise<void> {
  const part = source.part(0, SIZE);
  for await (const _chunk of part.chunks(createSignal())) break;
  await expectBytes(part, bytes);
  expectTrue(
    (await part.crc64(createSignal())) === crc64(bytes),
    'a cancelled pass does not affect the CRC64',
  );
}

async function readsInParallel(source: Source, bytes: Uint8Array): Promise<void> {
  const offsets = [0, 500_000, 1_000_000, 0];
  await Promise.all(
    offsets.map((offset) =>
      expectBytes(source.part(offset, 1_500_000), bytes.subarray(offset, offset + 1_500_000)),
    ),
  );
}

async function hasCrc64AfterReading(source: Source, bytes: Uint8Array): Promise<void> {
  const part = source.part(5, 1_234_567);
  await readAll(part);
  expectTrue(
    (await part.crc64(createSignal())) === crc64(bytes.subarray(5, 1_234_572)),
    'the CRC64 is that of the bytes',
  );
}

async function readsForCrc64(source: Source, bytes: Uint8Array): Promise<void> {
  const read = await source.part(5, 1_234_567).crc64(createSignal());
  expectTrue(read === crc64(bytes.subarray(5, 1_234_572)), 'the CRC64 is that of the bytes');
}

async function rejectsOnAbort(source: Source, bytes: Uint8Array): Promise<void> {
  const stop = new AbortController();
  const reason = new Error('aborted by the conformance suite');
  const part = source.part(0, SIZE);
  const reading = part.chunks(stop.signal)[Symbol.asyncIterator]();
  await reading.next();
  stop.abort(reason);
  expectTrue((await getRejection(reading.next())) === reason, 'an aborted pass rejects with the reason');
  await expectBytes(part, bytes);
}

async function rejectsAbortedSignal(source: Source): Promise<void> {
  const reason = new Error('aborted by the conformance suite');
  const signal = AbortSignal.abort(reason);
  const part = source.part(0, SIZE);
  const first = part.chunks(signal)[Symbol.asyncIterator]().next();
  expectTrue((await getRejection(first)) === reason, 'chunks reject with the reason');
  expectTrue((await getRejection(part.crc64(signal))) === reason, 'crc64 rejects with the reason');
}

async function keepsFingerprint(source: Source): Promise<void> {
  const before = await source.fingerprint();
  await readAll(source.part(0, source.size));
  expectTrue(
    before.length > 0 && (await source.fingerprint()) === before,
    'reading does not change the fingerprint',
  );
}

async function expectBytes(part: PartBody, expected: Uint8Array): Promise<void> {
  const bytes = await readAll(part);
  expectTrue(
    bytes.length === expected.length,
    `a part of ${expected.length} bytes yields as many, not ${bytes.length}`,
  );
  expectTrue(
    crc64(bytes) === crc64(expected),
    `a part of ${expected.length} bytes yields the bytes of the source`,
  );
}

/** Copies the bytes, because a chunk is valid only until the next one. */
async function readAll(part: PartBody): Promise<Uint8Array> {
  const bytes = new Uint8Array(part.size);
  let length = 0;
  for await (const chunk of part.chunks(createSignal())) {
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.subarray(0, length);
}

/** Bytes in which no two megabytes are equal. */
function createPattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = 0x2545f491;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

function createSignal(): AbortSignal {
  return new AbortController().signal;
}
