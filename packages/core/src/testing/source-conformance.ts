import { crc64 } from '../checksum/crc64.ts';
import type { PartBody, Source } from '../ports.ts';
import { type ConformanceCase, claim, rejectionOf } from './conformance.ts';

export interface SourceHarness {
  /** Opens a source over these bytes. Each case opens its own, and closes it. */
  open(bytes: Uint8Array): Promise<Source>;
}

/** What every {@link Source} must do, as cases for any test runner. The largest source is about 3 MiB. */
export function sourceConformance({ open }: SourceHarness): readonly ConformanceCase[] {
  const withSource =
    (size: number, check: (source: Source, bytes: Uint8Array) => Promise<void>) =>
    async (): Promise<void> => {
      const bytes = patternOf(size);
      const source = await open(bytes);
      try {
        await check(source, bytes);
      } finally {
        await source.close();
      }
    };

  return [
    { name: 'tells its size', run: withSource(SIZE, tellsItsSize) },
    { name: 'gives the bytes of every range', run: withSource(SIZE, givesEveryRange) },
    { name: 'gives no chunk for a part of no bytes', run: withSource(10, givesNothing) },
    { name: 'may itself be empty', run: withSource(0, givesNothing) },
    { name: 'gives the same bytes when read again', run: withSource(SIZE, readsAgain) },
    {
      name: 'gives a part afresh after it was read in half [pain-33]',
      run: withSource(SIZE, readsAfterBreak),
    },
    { name: 'lets several parts be read at once', run: withSource(SIZE, readsAtOnce) },
    { name: 'tells the CRC64 after a reading', run: withSource(SIZE, tellsCrcAfterReading) },
    { name: 'reads for the CRC64 where nothing was read', run: withSource(SIZE, tellsCrcUnread) },
    { name: 'gives up with the reason of an abort', run: withSource(SIZE, givesUp) },
    { name: 'reads nothing for a signal aborted before', run: withSource(SIZE, refusesToStart) },
    { name: 'keeps its fingerprint while nothing changes', run: withSource(10, keepsFingerprint) },
  ];
}

/** Neither a multiple of a power of two nor smaller than a few chunks. */
const SIZE = 3 * 1024 * 1024 - 12_345;

async function tellsItsSize(source: Source, bytes: Uint8Array): Promise<void> {
  claim(source.size === bytes.length, `size is ${bytes.length}, not ${source.size}`);
}

async function givesEveryRange(source: Source, bytes: Uint8Array): Promise<void> {
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
    claim(part.size === size, `a part of ${size} bytes says it has ${part.size}`);
    await claimGives(part, bytes.subarray(offset, offset + size));
  }
}

async function givesNothing(source: Source): Promise<void> {
  const part = source.part(0, 0);
  claim((await readAll(part)).length === 0, 'a part of no bytes gives none');
  claim((await part.crc64(never())) === '0', 'the CRC64 of no bytes is 0');
}

async function readsAgain(source: Source, bytes: Uint8Array): Promise<void> {
  const part = source.part(17, 2_000_000);
  await claimGives(part, bytes.subarray(17, 2_000_017));
  await claimGives(part, bytes.subarray(17, 2_000_017));
}

async function readsAfterBreak(source: Source, bytes: Uint8Array): Promise<void> {
  const part = source.part(0, SIZE);
  for await (const _chunk of part.chunks(never())) break;
  await claimGives(part, bytes);
  claim((await part.crc64(never())) === crc64(bytes), 'a reading broken off leaves no trace in the CRC64');
}

async function readsAtOnce(source: Source, bytes: Uint8Array): Promise<void> {
  const offsets = [0, 500_000, 1_000_000, 0];
  await Promise.all(
    offsets.map((offset) =>
      claimGives(source.part(offset, 1_500_000), bytes.subarray(offset, offset + 1_500_000)),
    ),
  );
}

async function tellsCrcAfterReading(source: Source, bytes: Uint8Array): Promise<void> {
  const part = source.part(5, 1_234_567);
  await readAll(part);
  claim(
    (await part.crc64(never())) === crc64(bytes.subarray(5, 1_234_572)),
    'the CRC64 is that of the bytes',
  );
}

async function tellsCrcUnread(source: Source, bytes: Uint8Array): Promise<void> {
  const read = await source.part(5, 1_234_567).crc64(never());
  claim(read === crc64(bytes.subarray(5, 1_234_572)), 'the CRC64 is that of the bytes');
}

async function givesUp(source: Source, bytes: Uint8Array): Promise<void> {
  const stop = new AbortController();
  const reason = new Error('stopped by the conformance suite');
  const part = source.part(0, SIZE);
  const reading = part.chunks(stop.signal)[Symbol.asyncIterator]();
  await reading.next();
  stop.abort(reason);
  claim((await rejectionOf(reading.next())) === reason, 'an aborted reading rejects with the reason');
  await claimGives(part, bytes);
}

async function refusesToStart(source: Source): Promise<void> {
  const reason = new Error('stopped by the conformance suite');
  const signal = AbortSignal.abort(reason);
  const part = source.part(0, SIZE);
  const first = part.chunks(signal)[Symbol.asyncIterator]().next();
  claim((await rejectionOf(first)) === reason, 'chunks reject with the reason');
  claim((await rejectionOf(part.crc64(signal))) === reason, 'crc64 rejects with the reason');
}

async function keepsFingerprint(source: Source): Promise<void> {
  const before = await source.fingerprint();
  await readAll(source.part(0, source.size));
  claim(before.length > 0 && (await source.fingerprint()) === before, 'reading leaves the fingerprint');
}

async function claimGives(part: PartBody, expected: Uint8Array): Promise<void> {
  const given = await readAll(part);
  claim(given.length === expected.length, `a part of ${expected.length} bytes gives ${given.length}`);
  claim(crc64(given) === crc64(expected), `a part of ${expected.length} bytes gives other bytes`);
}

/** The bytes copied, since a chunk is valid only until the next one. */
async function readAll(part: PartBody): Promise<Uint8Array> {
  const bytes = new Uint8Array(part.size);
  let length = 0;
  for await (const chunk of part.chunks(never())) {
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.subarray(0, length);
}

/** Bytes of which no two megabytes are alike. */
function patternOf(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = 0x2545f491;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

function never(): AbortSignal {
  return new AbortController().signal;
}
