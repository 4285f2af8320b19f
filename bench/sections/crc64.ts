import { runOnce } from '../processes.ts';
import { atLeast, atMost, formatFigure, type Section } from '../result.ts';
import type { Crc64Result, Crc64Task } from '../workloads/crc64.ts';

const GB = 1e9;
const GIB = 1024 ** 3;

export const crc64: Section = {
  title: 'CRC64',
  how:
    'One process computes the CRC64 of 1 MiB chunks with each implementation in turn, over eight ' +
    'reused buffers, as four parts in flight have them. The unit is bytes per second of CPU. ' +
    'Combining is done for 10,000 parts of 8 MiB; the figure is the median of 25 runs.',
  async run(scale) {
    const task: Crc64Task = { size: scale.checksumSize, rounds: scale.rounds };
    const { bytesPerSecond, combineMs, unavailable } = await runOnce<Crc64Result>('workloads/crc64.js', task);
    const [[, ours = 0] = []] = Object.entries(bytesPerSecond);
    const theirs = bytesPerSecond['hash-wasm createCRC64'] ?? Number.NaN;
    return {
      tables: [
        {
          title: 'CRC64 of 1 MiB chunks',
          columns: ['implementation', 'GB/s', 'CPU s/GiB', 'Partway ÷ this row'],
          rows: Object.entries(bytesPerSecond).map(([name, speed]) => [
            name,
            formatFigure(speed / GB),
            formatFigure(GIB / speed),
            formatFigure(ours / speed),
          ]),
        },
        {
          title: 'Combining the CRC64s of 10,000 parts',
          columns: ['implementation', 'CPU ms'],
          rows: [['Partway combineCrc64', formatFigure(combineMs)]],
        },
      ],
      claims: [
        atLeast('speed against hash-wasm', ours / theirs, 4, '×'),
        atMost('combining 10,000 parts', combineMs, 5, ' ms'),
      ],
      notMeasured: unavailable,
    };
  },
};
