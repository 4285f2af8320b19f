import { combineCrc64 } from '@partway/core';
import { medianOf, type Usage } from '../measure.ts';
import { startChild } from '../processes.ts';
import { atMost, formatFigure, type Section } from '../result.ts';
import { withSink } from '../sink/start-sink.ts';
import type { ListingResult, ListingTask } from '../workloads/listing.ts';

const PART_COUNT = 10_000;
const PART_SIZE = 100 * 1024;
const SIZE = PART_COUNT * PART_SIZE;

const PARTS = Array.from({ length: PART_COUNT }, (_, index) => ({
  partNumber: index + 1,
  size: PART_SIZE,
  crc64: String(index),
}));

export const coordinator: Section = {
  title: 'Listing and completing 10,000 parts',
  how:
    'A newly started coordinator in its own process lists 10,000 parts from the sink, proves them ' +
    'against their receipts, and completes. The event loop is sampled every 2 ms.',
  async run(scale) {
    const runs: Usage[] = [];
    for (let round = 0; round < scale.rounds; round++) runs.push(await completeOnce());
    const blockMs = medianOf(runs, ({ loopBlockMs }) => loopBlockMs);
    const figures = [
      medianOf(runs, ({ cpuSeconds }) => cpuSeconds * 1000),
      medianOf(runs, ({ wallSeconds }) => wallSeconds * 1000),
      blockMs,
      medianOf(runs, ({ loopBlockP99Ms }) => loopBlockP99Ms),
    ];
    return {
      tables: [
        {
          title: 'listParts of ten pages, proof, complete',
          columns: ['CPU ms', 'wall ms', 'longest block ms', 'p99 ms'],
          rows: [figures.map(formatFigure)],
        },
      ],
      claims: [atMost('longest block of the coordinator’s event loop', blockMs, 20, ' ms')],
      notMeasured: [],
    };
  },
};

async function completeOnce(): Promise<Usage> {
  const crc64s = { [`whole:${SIZE}`]: combineCrc64(PARTS) };
  return await withSink({ crc64s }, async ({ endpoint, addUpload }) => {
    const child = startChild('workloads/listing.js');
    const run = (task: ListingTask): Promise<ListingResult> => child.run(task);
    try {
      const initiated = await run({ initiate: { endpoint, size: SIZE, partSize: PART_SIZE } });
      if ('uploadId' in initiated) await addUpload(initiated.uploadId, PARTS);
      const completed = await run({ complete: PARTS });
      if (!('usage' in completed)) throw new Error('the upload was not completed');
      return completed.usage;
    } finally {
      await child.stop();
    }
  });
}
