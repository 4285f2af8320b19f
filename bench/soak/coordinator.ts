import { type ControlPlane, crc64, createHttpControlPlane } from '@partway/core';
import { type ObjectStore, type Part, planParts } from '@partway/core/ports';
import { createUndiciTransport, type UndiciTransport } from '@partway/node';
import { startChild } from '../processes.ts';
import type { Cost, Memory, ServiceTask } from './coordinator-process.ts';
import { openStore } from './emulated-oss.ts';
import { createSeededBytes } from './files.ts';
import { withDiscardingEmulator } from './processes.ts';
import type { Report, SoakOptions } from './report.ts';
import { formatMebibytes, MIB, secondsSince } from './size.ts';

const UPLOADS = 1000;
const PART_SIZE = 100 * 1024;
/**
 * An upload requests all its URLs again before every five parts, as if the last ones were about to expire.
 */
const PARTS_PER_PRESIGN = 5;
/** The process remembers each of the last 100,000 ended uploads, in about 500 bytes. */
const GROWTH_MAX = MIB;

const BURST_URLS = 20;
const BURSTS = 5;
const BURST_CALLS = 1000;
const BURST_IN_FLIGHT = 32;
const BURST_GROWTH_MAX = MIB;
const CPU_MS_MAX = 1;

/** One coordinator process serves 1,000 uploads at once, twice, and then calls to presign only. */
export function soakCoordinator(options: SoakOptions): Promise<Report> {
  return withDiscardingEmulator(async (endpoint) => {
    const service = startChild('soak/coordinator-process.js', { execArgv: ['--expose-gc'] });
    const transport = createUndiciTransport({ connections: 64 });
    try {
      const cost = (): Promise<Cost> => service.run('cost' satisfies ServiceTask);
      const memory = (): Promise<Memory> => service.run('memory' satisfies ServiceTask);
      const { port } = await service.run<{ port: number }>({ serve: endpoint } satisfies ServiceTask);
      const controlPlane = createHttpControlPlane(`http://127.0.0.1:${port}/uploads`, {
        headers: { authorization: 'wei' },
      });
      const load = await uploadAll({ controlPlane, transport, endpoint, cost, memory }, options);
      const burst = await presignOnly({ controlPlane, cost, memory });
      const { failures } = await cost();
      const { peak } = await memory();
      return {
        figures: { ...load.figures, ...burst.figures, 'peak memory': formatMebibytes(peak) },
        claims: { ...load.claims, ...burst.claims, 'no request failed': failures === 0 },
      };
    } finally {
      await transport.close();
      await service.stop();
    }
  });
}

interface Load {
  readonly controlPlane: ControlPlane;
  readonly transport: UndiciTransport;
  readonly endpoint: string;
  readonly cost: () => Promise<Cost>;
  readonly memory: () => Promise<Memory>;
}

/**
 * Two waves of uploads. The memory that the first wave leaves may be caches, the memory that the second wave
 * adds is a leak.
 */
async function uploadAll(
  { controlPlane, transport, endpoint, cost, memory }: Load,
  { seed, size }: SoakOptions,
): Promise<Pick<Report, 'figures' | 'claims'>> {
  const store = openStore(endpoint);
  const bytes = createSeededBytes(seed)(size);
  const wave = { controlPlane, transport, store, pieces: createPieces(bytes), presignMs: [] };
  const before = { ...(await memory()), ...(await cost()) };
  const startedAt = performance.now();
  const first = await uploadWave(wave, 'first', size);
  const between = await memory();
  const second = await uploadWave(wave, 'second', size);
  const seconds = secondsSince(startedAt);
  const after = { ...(await cost()), ...(await memory()) };
  const expected = crc64(bytes);
  const proven = [...first.objects, ...second.objects].filter((object) => object.crc64 === expected);
  return {
    figures: {
      uploads: 2 * UPLOADS,
      'parts of each': wave.pieces.length,
      seconds: seconds.toFixed(1),
      'coordinator requests per second': Math.round((after.requests - before.requests) / seconds),
      'coordinator CPU seconds': ((after.cpuMs - before.cpuMs) / 1000).toFixed(1),
      [`presign of ${wave.pieces.length}, at the client`]: formatPercentiles(wave.presignMs),
      [`presign of ${wave.pieces.length}, in the handler`]: formatPercentiles(after.presignMs),
      'memory in use before': formatMebibytes(before.used),
      [`memory in use after ${UPLOADS}`]: formatMebibytes(between.used),
      [`memory in use after ${2 * UPLOADS}`]: formatMebibytes(after.used),
      'resident memory before': formatMebibytes(before.resident),
      'resident memory at the end': formatMebibytes(after.resident),
    },
    claims: {
      [`OSS had ${UPLOADS} uploads at once`]: Math.min(first.uploadsInOss, second.uploadsInOss) === UPLOADS,
      [`${2 * UPLOADS} objects are proven`]: new Set(proven.map(({ key }) => key)).size === 2 * UPLOADS,
      'no upload is left': (await store.listUploads({})).length === 0,
      [`the second wave leaves less than ${formatMebibytes(GROWTH_MAX)} more than the first`]:
        after.used - between.used < GROWTH_MAX,
    },
  };
}

interface Wave extends Pick<Load, 'controlPlane' | 'transport'> {
  readonly store: ObjectStore;
  readonly pieces: readonly Piece[];
  readonly presignMs: number[];
}

/** All uploads are initiated before the first one sends a part. */
async function uploadWave({ store, ...wave }: Wave, name: string, size: number) {
  const initiateOne = (_: unknown, n: number) => initiate(wave.controlPlane, `${name}-${n}`, size);
  const tokens = await Promise.all(Array.from({ length: UPLOADS }, initiateOne));
  const uploadsInOss = (await store.listUploads({})).length;
  const objects = await Promise.all(tokens.map((uploadToken) => sendAndComplete({ ...wave, uploadToken })));
  return { uploadsInOss, objects };
}

interface Piece extends Part {
  readonly bytes: Uint8Array;
  readonly crc64: string;
}

/** The parts of the bytes, which are the same for all uploads. */
function createPieces(bytes: Uint8Array): readonly Piece[] {
  return planParts(bytes.length, PART_SIZE).map((part) => {
    const own = bytes.subarray(part.offset, part.offset + part.size);
    return { ...part, bytes: own, crc64: crc64(own) };
  });
}

async function initiate(controlPlane: ControlPlane, key: string, size: number): Promise<string> {
  const { signal } = new AbortController();
  const request = { key, size, partSize: PART_SIZE, object: {}, signal };
  return (await controlPlane.initiate(request)).uploadToken;
}

interface InitiatedUpload extends Omit<Wave, 'store'> {
  readonly uploadToken: string;
}

async function sendAndComplete({ controlPlane, transport, presignMs, uploadToken, pieces }: InitiatedUpload) {
  const { signal } = new AbortController();
  const partNumbers = pieces.map(({ partNumber }) => partNumber);
  for (let at = 0; at < pieces.length; at += PARTS_PER_PRESIGN) {
    const requestedAt = performance.now();
    const presigned = await controlPlane.presignParts({
      uploadToken,
      partNumbers,
      afterRefusal: false,
      signal,
    });
    presignMs.push(performance.now() - requestedAt);
    const batch = presigned.slice(at, at + PARTS_PER_PRESIGN);
    await Promise.all(
      batch.map(({ url, headers }, index) => put(transport, { url, headers }, pieces[at + index])),
    );
  }
  return await controlPlane.complete({ uploadToken, receipts: pieces.map(toReceipt), signal });
}

function toReceipt({ partNumber, size, crc64 }: Piece) {
  return { partNumber, size, crc64 };
}

async function put(
  transport: UndiciTransport,
  request: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  piece: Piece | undefined,
): Promise<void> {
  if (piece === undefined) throw new RangeError('more parts were presigned than requested');
  const { bytes, size, crc64: expected } = piece;
  const body = {
    size,
    async *chunks() {
      yield bytes;
    },
    crc64: () => Promise.resolve(expected),
  };
  const { signal } = new AbortController();
  const { status } = await transport.put({ ...request, body, onProgress: () => undefined, signal });
  if (status !== 200) throw new Error(`the response to a part is ${status}`);
}

/**
 * Calls to presign only, so that all CPU time of the process is theirs. The cheapest of several bursts
 * counts, because other work of the machine only adds to the CPU time.
 */
async function presignOnly({ controlPlane, cost, memory }: Omit<Load, 'transport' | 'endpoint'>) {
  const uploadToken = await initiate(controlPlane, 'burst', BURST_URLS * PART_SIZE);
  const partNumbers = Array.from({ length: BURST_URLS }, (_, index) => index + 1);
  const presignMs: number[] = [];
  const call = async (): Promise<void> => {
    const { signal } = new AbortController();
    const requestedAt = performance.now();
    await controlPlane.presignParts({ uploadToken, partNumbers, afterRefusal: false, signal });
    presignMs.push(performance.now() - requestedAt);
  };
  const { used } = await memory();
  await runConcurrently(BURST_CALLS, call);
  presignMs.length = 0;
  const cpuMs: number[] = [];
  const startedAt = performance.now();
  for (let burst = 0; burst < BURSTS; burst++) {
    const before = await cost();
    await runConcurrently(BURST_CALLS, call);
    cpuMs.push(((await cost()).cpuMs - before.cpuMs) / BURST_CALLS);
  }
  const seconds = secondsSince(startedAt);
  await controlPlane.abort({ uploadToken, signal: new AbortController().signal });
  const growth = (await memory()).used - used;
  return {
    figures: {
      [`calls for ${BURST_URLS} URLs`]: BURSTS * BURST_CALLS,
      'calls per second': Math.round((BURSTS * BURST_CALLS) / seconds),
      'duration of a call at the client': formatPercentiles(presignMs),
      'CPU per call, by burst': `${cpuMs.map((ms) => ms.toFixed(3)).join(', ')} ms`,
      'memory in use grew by': formatMebibytes(growth),
    },
    claims: {
      [`a call for ${BURST_URLS} URLs takes less than ${CPU_MS_MAX} ms of CPU, HTTP included`]:
        Math.min(...cpuMs) < CPU_MS_MAX,
      [`the memory in use grew by less than ${formatMebibytes(BURST_GROWTH_MAX)} in ${(BURSTS + 1) * BURST_CALLS} calls`]:
        growth < BURST_GROWTH_MAX,
    },
  };
}

async function runConcurrently(count: number, call: () => Promise<void>): Promise<void> {
  let remaining = count;
  const runner = async (): Promise<void> => {
    while (remaining-- > 0) await call();
  };
  await Promise.all(Array.from({ length: BURST_IN_FLIGHT }, runner));
}

function formatPercentiles(ms: readonly number[]): string {
  return `p50 ${quantile(ms, 0.5).toFixed(1)} ms, p99 ${quantile(ms, 0.99).toFixed(1)} ms`;
}

function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}
