import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc64 } from '@partway/core';
import { temporaryPath } from '../files.ts';
import { type LinkModel, withLink } from '../link/start-link.ts';
import { medianOf, type Usage } from '../measure.ts';
import { runOnce } from '../processes.ts';
import { atMost, formatFigure, type Section, type Table } from '../result.ts';
import { type Sink, withSink } from '../sink/start-sink.ts';
import type { SmallFilesTask } from '../workloads/small-files.ts';

const BYTES = new Uint8Array(10 * 1024).map((_, index) => index);
const CONCURRENCY = 16;
const WARM_UP = 200;

interface Round {
  readonly undici: Usage;
  readonly partway: Usage;
  /** Partway with automatic concurrency. */
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
    const measured: LinkRounds[] = [];
    await withSink({ crc64s }, async (sink) => {
      measured.push({ name: 'loopback', rounds: await runRounds(scale.rounds, sink, sink.endpoint, paths) });
      await withLink({ model: NEAR, port: sink.port }, async (endpoint) => {
        measured.push({ name: NEAR_NAME, rounds: await runRounds(scale.linkRounds, sink, endpoint, paths) });
      });
    });
    return {
      tables: measured.map(({ name, rounds }) =>
        createTable(`${paths.length} files of 10 KiB, ${name}`, rounds, paths.length),
      ),
      claims: measured.map(({ name, rounds }) =>
        atMost(`time against the undici loop, ${name}`, timeRatio(rounds), 1.3, '×'),
      ),
      notMeasured: [],
    };
  },
};

interface LinkRounds {
  readonly name: string;
  readonly rounds: readonly Round[];
}

/** The link to a bucket in another city. */
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

function createTable(title: string, rounds: readonly Round[], files: number): Table {
  const row = (label: string, sender: keyof Round): readonly string[] => [
    label,
    formatFigure(medianOf(rounds, (round) => round[sender].wallSeconds)),
    formatFigure(medianOf(rounds, (round) => round[sender].cpuSeconds)),
    formatFigure((1e6 * medianOf(rounds, (round) => round[sender].cpuSeconds)) / files),
    formatFigure(medianOf(rounds, (round) => round[sender].loopBlockMs)),
  ];
  return {
    title,
    columns: ['sender', 'wall s', 'CPU s', 'CPU µs per file', 'longest block ms'],
    rows: [
      row(`undici loop, ${CONCURRENCY} at once`, 'undici'),
      row(`Partway, ${CONCURRENCY} at once`, 'partway'),
      row('Partway, automatic concurrency', 'auto'),
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
  sender: SmallFilesTask['sender'],
  concurrency: SmallFilesTask['concurrency'],
  { takeCount }: Sink,
  endpoint: string,
  paths: readonly string[],
): Promise<Usage> {
  await takeCount();
  const task: SmallFilesTask = { sender, endpoint, paths, warmUp: WARM_UP, concurrency };
  const usage = await runOnce<Usage>('workloads/small-files.js', task);
  const { bodyBytes } = await takeCount();
  if (bodyBytes !== (paths.length + WARM_UP) * BYTES.length)
    throw new Error(`${sender}: ${bodyBytes} bytes arrived`);
  return usage;
}
