import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { choosePartSize } from '@partway/core/ports';
import { createSeededRandom } from '@partway/core/testing';
import type { OssEmulator } from '@partway/emulator';
import { BUCKET, KEY, withEmulator } from './emulated-oss.ts';
import { hasBytes, withTemporaryFolder, writeRandomFile } from './files.ts';
import { type ProcessResult, type PutCommand, startPut } from './processes.ts';
import type { Report, SoakOptions } from './report.ts';
import { formatMebibytes, secondsSince } from './size.ts';
import { type Traffic, watchTraffic } from './traffic.ts';

const KILLS = 20;
const KILL_AFTER_MS_MIN = 50;
const KILL_AFTER_MS_MAX = 3500;
/** Few parts in flight, so that the upload lasts longer than all kills. */
const IN_FLIGHT = 5;
/** The time of the file over one connection, long enough to outlast the kills. */
const SECONDS_OVER_ONE_CONNECTION = 120;

/** `partway put` is killed with SIGKILL repeatedly at random times, then runs to its end. */
export function soakKill(options: SoakOptions): Promise<Report> {
  return withTemporaryFolder((folder) =>
    withEmulator(async (emulator) => {
      const file = join(folder, 'file');
      const crc64 = await writeRandomFile(file, options);
      const traffic = watchTraffic();
      const startedAt = performance.now();
      const checkpointDir = join(folder, 'checkpoints');
      const concurrency = ['--concurrency', String(IN_FLIGHT)];
      const command = {
        file,
        endpoint: emulator.endpoint,
        checkpointDir,
        isQuiet: true,
        options: concurrency,
      };
      const slow = emulator.faults.add({
        operation: 'UploadPart',
        effect: { kind: 'bandwidth', bytesPerSecond: Math.ceil(options.size / SECONDS_OVER_ONE_CONNECTION) },
      });
      const kills = await killRepeatedly(command, options.seed);
      const storedAtLastRun = countStoredParts(emulator);
      slow.remove();
      const last = await startPut(command).ended;
      traffic.stop();
      return {
        figures: {
          ...createFigures(options.size, kills, traffic),
          // An Initiate with a response to a dead process leaves an upload of 0 parts.
          'parts stored at the last run': storedAtLastRun.join(' and '),
          'parts of leftover uploads': countStoredParts(emulator).join(' and ') || 'none',
          seconds: secondsSince(startedAt).toFixed(1),
        },
        claims: {
          ...createExitClaims(last, kills),
          ...(await createObjectClaims(emulator, { file, crc64, size: options.size })),
          'the bytes PUT exceed the file by less than kills × parts in flight × part size':
            traffic.putBytes - options.size < computeLimit(options.size, kills),
          'no upload is left': emulator.model.uploads(BUCKET).length === 0,
          'no checkpoint and no lock is left': (await listFiles(checkpointDir)).length === 0,
        },
      };
    }),
  );
}

/** The number of stored parts of each unfinished upload. */
function countStoredParts({ model }: OssEmulator): readonly number[] {
  return model.uploads(BUCKET).map(({ parts }) => parts.length);
}

/** Resolves with the number of kills at which the process was still running. */
async function killRepeatedly(command: PutCommand, seed: number): Promise<number> {
  const random = createSeededRandom(seed);
  let kills = 0;
  for (let run = 1; run <= KILLS; run++) {
    const delayMs = KILL_AFTER_MS_MIN + random.next() * (KILL_AFTER_MS_MAX - KILL_AFTER_MS_MIN);
    const { process: put, ended } = startPut(command);
    await Promise.race([sleep(delayMs), ended]);
    put.kill('SIGKILL');
    const { exitCode } = await ended;
    if (exitCode === null) kills += 1;
    else console.log(`  run ${run} exited with ${exitCode} before its kill`);
  }
  return kills;
}

function createFigures(size: number, kills: number, traffic: Traffic): Report['figures'] {
  return {
    kills,
    runs: KILLS + 1,
    'parts of the file': Math.ceil(size / choosePartSize(size, undefined)),
    'UploadPart requests': traffic.puts,
    'bytes PUT (Content-Length)': formatMebibytes(traffic.putBytes),
    'bytes received': formatMebibytes(traffic.receivedBytes),
    'excess of Content-Length': formatMebibytes(traffic.putBytes - size),
    'excess of bytes received': formatMebibytes(traffic.receivedBytes - size),
    limit: formatMebibytes(computeLimit(size, kills)),
  };
}

function computeLimit(size: number, kills: number): number {
  return kills * IN_FLIGHT * choosePartSize(size, undefined);
}

function createExitClaims({ exitCode }: ProcessResult, kills: number): Report['claims'] {
  return {
    [`the process was running at all ${KILLS} kills`]: kills === KILLS,
    'the last run exits with 0': exitCode === 0,
  };
}

interface Expected {
  readonly file: string;
  readonly crc64: string;
  readonly size: number;
}

async function createObjectClaims(
  { model }: OssEmulator,
  { file, crc64, size }: Expected,
): Promise<Report['claims']> {
  const object = model.object(BUCKET, KEY);
  return {
    'the object has the size and the CRC64 of the file': object?.size === size && object.crc64 === crc64,
    'the object has the bytes of the file':
      object !== undefined && (await hasBytes(file, await object.bytes())),
  };
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}
