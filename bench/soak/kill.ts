import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { choosePartSize } from '@partway/core/ports';
import { createSeededRandom } from '@partway/core/testing';
import type { OssEmulator } from '@partway/emulator';
import { BUCKET, KEY, withEmulator } from './emulated-oss.ts';
import { hasBytes, inFolder, writeRandomFile } from './files.ts';
import { type Ended, type PutCommand, startPut } from './processes.ts';
import type { Report, SoakOptions } from './report.ts';
import { mebibytes, secondsSince } from './size.ts';
import { type Traffic, watchTraffic } from './traffic.ts';

const KILLS = 20;
const KILL_AFTER_MS_MIN = 50;
const KILL_AFTER_MS_MAX = 3500;
/** Few, so that the file outlasts the kills. */
const IN_FLIGHT = 5;
/** The time of the file over one connection, long enough to outlast the kills. */
const SECONDS_OVER_ONE = 120;

/** `partway put` is killed with SIGKILL again and again at random moments, then goes to its end. */
export function soakKill(options: SoakOptions): Promise<Report> {
  return inFolder((folder) =>
    withEmulator(async (emulator) => {
      const file = join(folder, 'file');
      const crc64 = await writeRandomFile(file, options);
      const traffic = watchTraffic();
      const startedAt = performance.now();
      const checkpointDir = join(folder, 'checkpoints');
      const few = ['--concurrency', String(IN_FLIGHT)];
      const command = { file, endpoint: emulator.endpoint, checkpointDir, isQuiet: true, options: few };
      const slow = emulator.faults.add({
        operation: 'UploadPart',
        effect: { kind: 'bandwidth', bytesPerSecond: Math.ceil(options.size / SECONDS_OVER_ONE) },
      });
      const kills = await killAgainAndAgain(command, options.seed);
      const heldAtLast = heldParts(emulator);
      slow.remove();
      const last = await startPut(command).ended;
      traffic.stop();
      return {
        figures: {
          ...figuresOf(options.size, kills, traffic),
          // An Initiate with a response to a dead process leaves an upload of 0 parts.
          'parts held at the last run': heldAtLast.join(' and '),
          'parts of uploads left': heldParts(emulator).join(' and ') || 'none',
          seconds: secondsSince(startedAt).toFixed(1),
        },
        claims: {
          ...claimsOfEnd(last, kills),
          ...(await claimsOfObject(emulator, { file, crc64, size: options.size })),
          'the bytes PUT exceed the file by less than kills × parts in flight × part size':
            traffic.putBytes - options.size < limitOf(options.size, kills),
          'no upload is left': emulator.model.uploads(BUCKET).length === 0,
          'no checkpoint and no lock is left': (await filesUnder(checkpointDir)).length === 0,
        },
      };
    }),
  );
}

/** How many parts each unfinished upload has. */
function heldParts({ model }: OssEmulator): readonly number[] {
  return model.uploads(BUCKET).map(({ parts }) => parts.length);
}

/** Gives how many of the kills met a process that was still running. */
async function killAgainAndAgain(command: PutCommand, seed: number): Promise<number> {
  const random = createSeededRandom(seed);
  let kills = 0;
  for (let run = 1; run <= KILLS; run++) {
    const delayMs = KILL_AFTER_MS_MIN + random.next() * (KILL_AFTER_MS_MAX - KILL_AFTER_MS_MIN);
    const { process: put, ended } = startPut(command);
    await Promise.race([sleep(delayMs), ended]);
    put.kill('SIGKILL');
    const { exitCode } = await ended;
    if (exitCode === null) kills += 1;
    else console.log(`  run ${run} ended by itself with ${exitCode}`);
  }
  return kills;
}

function figuresOf(size: number, kills: number, traffic: Traffic): Report['figures'] {
  return {
    kills,
    runs: KILLS + 1,
    'parts of the file': Math.ceil(size / choosePartSize(size, undefined)),
    'UploadPart requests': traffic.puts,
    'bytes PUT (Content-Length)': mebibytes(traffic.putBytes),
    'bytes that arrived': mebibytes(traffic.receivedBytes),
    'excess of Content-Length': mebibytes(traffic.putBytes - size),
    'excess that arrived': mebibytes(traffic.receivedBytes - size),
    limit: mebibytes(limitOf(size, kills)),
  };
}

function limitOf(size: number, kills: number): number {
  return kills * IN_FLIGHT * choosePartSize(size, undefined);
}

function claimsOfEnd({ exitCode }: Ended, kills: number): Report['claims'] {
  return {
    [`all ${KILLS} kills met a running process`]: kills === KILLS,
    'the last run exits with 0': exitCode === 0,
  };
}

interface Expected {
  readonly file: string;
  readonly crc64: string;
  readonly size: number;
}

async function claimsOfObject(
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

async function filesUnder(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}
