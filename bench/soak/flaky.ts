import { join } from 'node:path';
import { choosePartSize } from '@partway/core/ports';
import type { FaultHandle } from '@partway/emulator';
import { BUCKET, KEY, withEmulator } from './emulated-oss.ts';
import { hasBytes, withTemporaryFolder, writeRandomFile } from './files.ts';
import {
  ATTEMPTS_MAX,
  BYTES_BETWEEN_RESETS,
  createFlakyLinkFaults,
  URL_LIFETIME_SECONDS,
} from './flaky-link.ts';
import { startPut } from './processes.ts';
import type { Report, SoakOptions } from './report.ts';
import { formatMebibytes, secondsSince } from './size.ts';
import { watchTraffic } from './traffic.ts';

/** `partway put` over a link that resets, stalls and refuses requests, with URLs that expire. */
export function soakFlaky(run: SoakOptions): Promise<Report> {
  return withTemporaryFolder((folder) =>
    withEmulator(async (emulator) => {
      const file = join(folder, 'file');
      const crc64 = await writeRandomFile(file, run);
      const partSize = choosePartSize(run.size, undefined);
      const faults = createFlakyLinkFaults(partSize, run.seed).map((rule) => emulator.faults.add(rule));
      const traffic = watchTraffic();
      const startedAt = performance.now();
      const options = [
        '--url-lifetime',
        String(URL_LIFETIME_SECONDS),
        '--tries',
        String(ATTEMPTS_MAX),
        '--json',
      ];
      const { endpoint } = emulator;
      const checkpointDir = join(folder, 'checkpoints');
      const { exitCode, stdout } = await startPut({ file, endpoint, checkpointDir, isQuiet: true, options })
        .ended;
      traffic.stop();
      const object = emulator.model.object(BUCKET, KEY);
      return {
        figures: {
          link: `a reset every ${BYTES_BETWEEN_RESETS} bytes, a URL lifetime of ${URL_LIFETIME_SECONDS} s`,
          retries: `${ATTEMPTS_MAX} attempts per request, stall options by default`,
          'faults injected': formatCounts(faults.flatMap(listFiredKinds)),
          'retries by code': formatCounts(parseRetryCodes(stdout)),
          'parts of the file': Math.ceil(run.size / partSize),
          'UploadPart attempts': traffic.puts,
          'bytes PUT (Content-Length)': formatMebibytes(traffic.putBytes),
          'bytes received': formatMebibytes(traffic.receivedBytes),
          seconds: secondsSince(startedAt).toFixed(1),
        },
        claims: {
          'the upload exits with 0': exitCode === 0,
          'the object has the CRC64 of the file': object?.crc64 === crc64,
          'the object has the bytes of the file':
            object !== undefined && (await hasBytes(file, await object.bytes())),
          'no upload is left': emulator.model.uploads(BUCKET).length === 0,
        },
      };
    }),
  );
}

/** The error codes of retries, from the events that `--json` prints. */
function parseRetryCodes(stdout: string): readonly string[] {
  const lines = stdout.split('\n').filter((line) => line.includes('"retrying"'));
  return lines.map((line) => String(JSON.parse(line).error.code));
}

function listFiredKinds({ rule, firedCount }: FaultHandle): readonly string[] {
  return rule.effect.kind === 'bandwidth' ? [] : Array.from({ length: firedCount }, () => rule.effect.kind);
}

/** `network 3, stalled 1` */
function formatCounts(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${word} ${count}`).join(', ') || 'none';
}
