import { runOnce } from '../processes.ts';
import { atLeast, formatFigure, type Section } from '../result.ts';
import type { PresignResult, PresignTask } from '../workloads/presign.ts';

export const presign: Section = {
  title: 'Presigning UploadPart',
  how:
    'One process signs with each implementation in turn; the unit is URLs per second of CPU. The ' +
    'second table shows only the hashing of a signature, by the source of SHA-256: Node has its own, ' +
    'other platforms use a library.',
  async run(scale) {
    const task: PresignTask = { count: scale.presigns, rounds: scale.rounds };
    const { urls, signatures, unavailable } = await runOnce<PresignResult>('workloads/presign.js', task);
    const [[, ours = 0] = []] = Object.entries(urls);
    return {
      tables: [
        {
          title: 'Presigned URLs',
          columns: ['implementation', 'URLs/s', 'Partway ÷ this row'],
          rows: Object.entries(urls).map(([name, speed]) => [
            name,
            formatFigure(speed),
            formatFigure(ours / speed),
          ]),
        },
        {
          title: 'Hashing of a signature',
          columns: ['SHA-256 from', 'signatures/s'],
          rows: Object.entries(signatures).map(([name, speed]) => [name, formatFigure(speed)]),
        },
      ],
      claims: [
        atLeast(
          'URLs per second against ali-oss',
          ours / (urls['ali-oss signatureUrlV4'] ?? Number.NaN),
          8,
          '×',
        ),
      ],
      notMeasured: unavailable,
    };
  },
};
