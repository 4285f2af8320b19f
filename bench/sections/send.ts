import { createCertificate } from '../certificate.ts';
import { buildGoClient } from '../clients/go-sdk.ts';
import { createTestFile } from '../files.ts';
import { median } from '../measure.ts';
import { runOnce } from '../processes.ts';
import { type Section, toOneLine } from '../result.ts';
import { CASES, GO } from './send-cases.ts';
import {
  createBars,
  createChecksumTable,
  createClaims,
  createTable,
  formatPerGibibyte,
} from './send-report.ts';
import { runCase, type SendRun, type SendStage } from './send-runs.ts';

export const send: Section = {
  title: 'Sending a file',
  how:
    'Each sender runs in its own process. It sends a quarter of the file to warm up, then the file, ' +
    'from the page cache to a sink in another process that counts and discards the bytes and responds ' +
    'with precomputed CRC64s. CPU is user and system time of the sender. The senders take turns in ' +
    'every round. Figures are medians of the rounds; ratios are computed within each round, and their ' +
    'median is shown.',
  async run(scale, log) {
    const notMeasured: string[] = [];
    const stage: SendStage = {
      file: await createTestFile('file', scale.fileSize),
      warmUp: await createTestFile('warm-up', scale.warmUpSize),
      certificate: await createCertificate(),
      goProgram: await buildGoClient().catch((reason: unknown) => {
        log(toOneLine(reason));
        notMeasured.push(`${GO}: Go and its modules are needed to build it`);
        return undefined;
      }),
    };
    const checksums: number[] = [];
    for (let round = 0; round < scale.rounds; round++) {
      checksums.push(await runOnce<number>('workloads/checksum-share.js', stage.file.path));
    }
    const cases = CASES.filter(({ isQuick }) => isQuick || scale.name === 'full');
    const runs: SendRun[] = [];
    const failures: string[] = [];
    for (const sendCase of cases) {
      const caseRuns = await runCase(stage, sendCase, scale.rounds, ({ sender, usage }) => {
        log(`${sendCase.name}: ${sender} ${formatPerGibibyte(usage.cpuSeconds, scale.fileSize)} CPU s/GiB`);
      });
      runs.push(...caseRuns.runs);
      failures.push(...caseRuns.failures);
    }
    const measurement = { runs, fileSize: scale.fileSize, checksumSeconds: median(checksums) };
    return {
      tables: [
        ...cases.map((sendCase) => createTable(measurement, sendCase)),
        createChecksumTable(measurement),
      ],
      claims: createClaims(measurement),
      notMeasured,
      failures,
      bars: createBars(measurement),
    };
  },
};
