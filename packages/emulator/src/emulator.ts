import { join } from 'node:path';
import { createAdmin } from './admin.ts';
import { createFaults, type Faults } from './faults/faults.ts';
import { misbehaving } from './faults/misbehave.ts';
import { serveHttp } from './http/http-server.ts';
import { CALLBACK_KEY_PATH, createCallbackKey } from './operations/callback-key.ts';
import { createCallbackSender } from './operations/callback-sender.ts';
import { createOssModel, type OssModel, type OssModelOptions } from './oss-model.ts';
import { createDirectoryBlobs } from './storage/directory-blobs.ts';
import { jumpingClock } from './storage/jumping-clock.ts';
import { createDiscardingBlobs, createMemoryBlobs } from './storage/memory-blobs.ts';
import { createDirectoryRecords, loadBuckets } from './storage/records.ts';
import type { OssClock, OssCredentials } from './types.ts';

export interface OssEmulatorOptions {
  /** Default: 0, a free one. */
  readonly port?: number | undefined;
  /** Default: `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Default: `cn-hangzhou`. */
  readonly region?: string | undefined;
  /** Default: one, `demo`. */
  readonly buckets?: readonly string[] | undefined;
  /** Default: `{ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' }`. */
  readonly credentials?: OssCredentials | readonly OssCredentials[] | undefined;
  /** Where to keep everything. Default: in memory. */
  readonly dataDir?: string | undefined;
  /** Keeps sizes and checksums but no bytes, for uploads larger than the memory. Default: false. */
  readonly discardBodies?: boolean | undefined;
  /** Default: the system's. */
  readonly clock?: OssClock | undefined;
  /** Hosts bound to a bucket: `{ 'files.example.com': 'media' }`. Default: none. */
  readonly cnames?: Readonly<Record<string, string>> | undefined;
  /**
   * Hosts with private addresses, such as `127.0.0.1`, that callbacks may be sent to although OSS would
   * refuse it. Default: none.
   */
  readonly callbackHosts?: readonly string[] | undefined;
  /** Serves an admin panel for this machine below this path, such as `/-/emulator`. Default: none. */
  readonly adminPath?: string | undefined;
}

export interface OssEmulator {
  /** `http://127.0.0.1:49152`. Path style, or virtual hosts by the Host header. */
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  /** Where the public key is that its callbacks are signed with. */
  readonly callbackKeyUrl: string;
  readonly model: OssModel;
  readonly faults: Faults;
  /** Lets time jump: signatures expire, clocks skew. Negative: back. */
  advanceClock(ms: number): void;
  /** Ends every connection, the silent ones too, and stops. */
  close(): Promise<void>;
}

const DEFAULT_CREDENTIALS: OssCredentials = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' };

/**
 * Starts an OSS in this process. Resolves when it accepts connections.
 *
 * @example
 * ```ts
 * import { startOssEmulator } from '@partway/emulator';
 *
 * const credentials = { accessKeyId: 'id', accessKeySecret: 'secret' };
 * const emulator = await startOssEmulator({ buckets: ['media'], credentials });
 * emulator.faults.add({ operation: 'UploadPart', nth: 2, effect: { kind: 'dropResponse' } });
 * // Point an object store or a client of OSS at `emulator.endpoint`, then inspect the result.
 * console.log(emulator.endpoint, emulator.model.keys('media'));
 * await emulator.close();
 * ```
 */
export async function startOssEmulator({
  port = 0,
  host = '127.0.0.1',
  region = 'cn-hangzhou',
  buckets = ['demo'],
  credentials = DEFAULT_CREDENTIALS,
  dataDir,
  discardBodies = false,
  clock: baseClock = { now: Date.now },
  cnames = {},
  callbackHosts = [],
  adminPath,
}: OssEmulatorOptions = {}): Promise<OssEmulator> {
  checkRegion(region);
  for (const bucket of buckets) checkBucket(bucket);
  const clock = jumpingClock(baseClock);
  const { now, advance: advanceClock } = clock;
  const callbackKey = createCallbackKey();
  const closing = new AbortController();
  const sender = createCallbackSender({
    keyUrl: () => `${endpoint}${CALLBACK_KEY_PATH}`,
    sign: callbackKey.sign,
    privateHosts: callbackHosts,
    after: clock.after,
    signal: closing.signal,
  });
  const model = createOssModel({
    region,
    buckets: [],
    credentials,
    clock,
    cnames: lowerCased(cnames),
    sendCallback: sender.send,
    allowCallback: sender.allow,
    ...(await storage(dataDir, discardBodies)),
  });
  for (const bucket of buckets) await model.createBucket(bucket);
  const faults = createFaults({ advanceClock });
  const admin = adminPath === undefined ? undefined : createAdmin({ path: adminPath, model, faults, clock });
  const server = await serveHttp({
    port,
    host,
    handle: misbehaving(model, faults, { now }).handle,
    intercept: (message, reply) => callbackKey.serve(message, reply) || admin?.(message, reply) === true,
  });
  const endpoint = `http://${urlHost(host)}:${server.port}`;
  return {
    endpoint,
    callbackKeyUrl: `${endpoint}${CALLBACK_KEY_PATH}`,
    port: server.port,
    region,
    model,
    faults,
    advanceClock,
    close() {
      closing.abort();
      return server.close();
    },
  };
}

type Storage = Pick<OssModelOptions, 'blobs' | 'records' | 'restored'>;

async function storage(dataDir: string | undefined, discardBodies: boolean): Promise<Storage> {
  if (dataDir === undefined) {
    return { blobs: discardBodies ? createDiscardingBlobs() : createMemoryBlobs() };
  }
  if (discardBodies) throw new TypeError('dataDir keeps bodies and discardBodies does not: choose one');
  const directory = join(dataDir, 'buckets');
  return {
    blobs: await createDirectoryBlobs(join(dataDir, 'blobs')),
    records: createDirectoryRecords(directory),
    restored: await loadBuckets(directory),
  };
}

function checkRegion(region: string): void {
  if (/^(?!oss-)[a-z0-9-]+$/.test(region)) return;
  throw new TypeError(`region must be like cn-hangzhou, without oss-, got ${region}`);
}

function checkBucket(name: string): void {
  if (/^(?!-)[a-z0-9-]{3,63}(?<!-)$/.test(name)) return;
  throw new TypeError(`buckets must be named with 3 to 63 of a-z, 0-9 and inner hyphens, got ${name}`);
}

function lowerCased(cnames: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(cnames).map(([host, bucket]) => [host.toLowerCase(), bucket]));
}

/** Listening on all addresses is reached by the loopback one; IPv6 needs its brackets. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
