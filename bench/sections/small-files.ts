import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc64 } from '@partway/core';
import { temporaryPath } from '../files.ts';
import { type LinkModel, withLink } from '../link/start-link.ts';
import { medianOf, type Usage } from '../measure.ts';
import { runOnce } from '../processes.ts';
import { atMost, digits, type Section, type Table } from '../result.ts';
import { type Sink, withSink } from '../sink/start-sink.ts';
import type { SmallFilesTask } from '../workloads/small-files.ts';

const BYTES = new Uint8Array(10 * 1024).map((_, index) => index);
const CONCURRENCY = 16;
const WARM_UP = 200;

interface Round {
  readonly undici: Usage;
  readonly partway: Usage;
  /** As it comes. */
  readonly auto: Usage;
}

export const smallFiles: Section = {
  title: 'Many small files',
  how:
    'Files of 10 KiB through one uploader of @partway/node, with the coordinator in the same process, ' +
    'compared with a loop of undici PUTs of the same files to URLs signed before. The targets compare ' +
    `${CONCURRENCY} files at once, in interleaved rounds, with ${WARM_UP} files to warm up. Partway ` +
    'seals a token, signs, computes CRC64, and proves each object with a HEAD.',
  async run(scale) {
    const paths = await createFiles(scale.smallFiles);
    const crc64s = { [`whole:${BYTES.length}`]: crc64(BYTES) };
    const found: Found[] = [];
    await withSink({ crc64s }, async (sink) => {
      found.push({ name: 'loopback', rounds: await runRounds(scale.rounds, sink, sink.endpoint, paths) });
      await withLink({ model: NEAR, port: sink.port }, async (endpoint) => {
        found.push({ name: NEAR_NAME, rounds: await runRounds(scale.linkRounds, sink, endpoint, paths) });
      });
    });
    return {
      tables: found.map(({ name, rounds }) =>
        tableOf(`${paths.length} files of 10 KiB, ${name}`, rounds, paths.length),
      ),
      claims: found.map(({ name, rounds }) =>
        atMost(`time against the bare loop, ${name}`, timeRatio(rounds), 1.3, '×'),
      ),
      notMeasured: [],
    };
  },
};

interface Found {
  readonly name: string;
  readonly rounds: readonly Round[];
}

/** A bucket of another city. */
const NEAR_NAME = '20 ms, 1 Gb/s';
const NEAR: LinkModel = {
  roundTripMs: 20,
  bytesPerSecond: 125e6,
  queueSize: 64 * 1024 ** 2,
  slowStartMax: 4 * 1024 ** 2,
  lossPerSegment: 0,
};

async function runRounds(
  count: number,
  sink: Sink,
  endpoint: string,
  paths: readonly string[],
): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (let round = 0; round < count; round++) {
    rounds.push({
      undici: await sendAll('undici', CONCURRENCY, sink, endpoint, paths),
      partway: await sendAll('partway', CONCURRENCY, sink, endpoint, paths),
      auto: await sendAll('partway', 'auto', sink, endpoint, paths),
    });
  }
  return rounds;
}

function timeRatio(rounds: readonly Round[]): number {
  return medianOf(rounds, ({ partway, undici }) => partway.wallSeconds / undici.wallSeconds);
}

function tableOf(title: string, rounds: readonly Round[], files: number): Table {
  const row = (label: string, who: keyof Round): readonly string[] => [
    label,
    digits(medianOf(rounds, (round) => round[who].wallSeconds)),
    digits(medianOf(rounds, (round) => round[who].cpuSeconds)),
    digits((1e6 * medianOf(rounds, (round) => round[who].cpuSeconds)) / files),
    digits(medianOf(rounds, (round) => round[who].loopBlockMs)),
  ];
  return {
    title,
    columns: ['sender', 'wall s', 'CPU s', 'CPU µs a file', 'longest block ms'],
    rows: [
      row(`bare undici, ${CONCURRENCY} at once`, 'undici'),
      row(`Partway, ${CONCURRENCY} at once`, 'partway'),
      row('Partway, as many at once as it finds best', 'auto'),
    ],
  };
}

async function createFiles(count: number): Promise<readonly string[]> {
  const folder = temporaryPath('small-files');
  await mkdir(folder);
  const paths = Array.from({ length: count }, (_, index) => join(folder, `${index}.bin`));
  for (const path of paths) await writeFile(path, BYTES);
  return paths;
}

async function sendAll(
  by: SmallFilesTask['by'],
  concurrency: SmallFilesTask['concurrency'],
  { takeCount }: Sink,
  endpoint: string,
  paths: readonly string[],
): Promise<Usage> {
  await takeCount();
  const task: SmallFilesTask = { by, endpoint, paths, warmUp: WARM_UP, concurrency };
  const usage = await runOnce<Usage>('workloads/small-files.js', task);
  const { bodyBytes } = await takeCount();
  if (bodyBytes !== (paths.length + WARM_UP) * BYTES.length)
    throw new Error(`${by}: ${bodyBytes} bytes arrived`);
  return usage;
}
