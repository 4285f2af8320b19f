import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc64 } from '@partway/core';
import { temporaryPath } from '../files.ts';
import { medianOf, type Usage } from '../measure.ts';
import { askOnce } from '../processes.ts';
import { atMost, digits, type Section } from '../result.ts';
import { type Sink, withSink } from '../sink/start-sink.ts';
import type { SmallFilesQuestion } from '../workloads/small-files.ts';

const BYTES = new Uint8Array(10 * 1024).map((_, index) => index);
const CONCURRENCY = 16;
const WARM_UP = 200;

interface Round {
  readonly partway: Usage;
  readonly undici: Usage;
}

export const smallFiles: Section = {
  title: 'Many small files',
  how:
    'Files of 10 KiB through one uploader of @partway/node, coordinator in the same process, against a ' +
    `loop of undici PUTs of the same files to URLs signed beforehand; ${CONCURRENCY} at once each, in ` +
    `turns, ${WARM_UP} files to warm up. Partway seals a token, signs, takes CRC64, and proves each ` +
    'object by a HEAD.',
  async run(scale) {
    const paths = await createFiles(scale.smallFiles);
    const crc64s = { [`whole:${BYTES.length}`]: crc64(BYTES) };
    const rounds = await withSink({ crc64s }, async (sink) => {
      const done: Round[] = [];
      for (let round = 0; round < scale.rounds; round++) {
        done.push({
          undici: await sendAll('undici', sink, paths),
          partway: await sendAll('partway', sink, paths),
        });
      }
      return done;
    });
    const ratio = (of: (usage: Usage) => number): number =>
      medianOf(rounds, ({ partway, undici }) => of(partway) / of(undici));
    const row = (label: string, who: keyof Round): readonly string[] => [
      label,
      digits(medianOf(rounds, (round) => round[who].wallSeconds)),
      digits(medianOf(rounds, (round) => round[who].cpuSeconds)),
      digits((1e6 * medianOf(rounds, (round) => round[who].cpuSeconds)) / paths.length),
      digits(medianOf(rounds, (round) => round[who].loopBlockMs)),
    ];
    return {
      tables: [
        {
          title: `${paths.length} files of 10 KiB`,
          columns: ['sender', 'wall s', 'CPU s', 'CPU µs a file', 'longest block ms'],
          rows: [row('bare undici', 'undici'), row('Partway', 'partway')],
        },
      ],
      claims: [
        atMost(
          'wall time against the bare loop',
          ratio(({ wallSeconds }) => wallSeconds),
          1.3,
          '×',
        ),
        atMost(
          'CPU against the bare loop',
          ratio(({ cpuSeconds }) => cpuSeconds),
          1.3,
          '×',
        ),
      ],
      notMeasured: [],
    };
  },
};

async function createFiles(count: number): Promise<readonly string[]> {
  const folder = temporaryPath('small-files');
  await mkdir(folder);
  const paths = Array.from({ length: count }, (_, index) => join(folder, `${index}.bin`));
  for (const path of paths) await writeFile(path, BYTES);
  return paths;
}

async function sendAll(
  by: SmallFilesQuestion['by'],
  { endpoint, takeCount }: Sink,
  paths: readonly string[],
): Promise<Usage> {
  await takeCount();
  const question: SmallFilesQuestion = { by, endpoint, paths, warmUp: WARM_UP, concurrency: CONCURRENCY };
  const usage = await askOnce<Usage>('workloads/small-files.js', question);
  const { bodyBytes } = await takeCount();
  if (bodyBytes !== (paths.length + WARM_UP) * BYTES.length)
    throw new Error(`${by}: ${bodyBytes} bytes arrived`);
  return usage;
}
