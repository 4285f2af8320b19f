import { join } from 'node:path';
import { createAdjustableClock } from './adjustable-clock.ts';
import { createAdmin } from './admin.ts';
import { createFaults, type Faults } from './faults/faults.ts';
import { injectFaults } from './faults/inject-faults.ts';
import { serveHttp } from './http/http-server.ts';
import { CALLBACK_KEY_PATH, createCallbackSender } from './operations/callback-sender.ts';
import { createOssModel, type OssModel, type OssModelOptions } from './oss-model.ts';
import { createDirectoryBlobs } from './storage/directory-blobs.ts';
import { createDiscardingBlobs, createMemoryBlobs } from './storage/memory-blobs.ts';
import { createDirectoryRecords, loadBuckets } from './storage/records.ts';
import type { OssClock, OssCredentials } from './types.ts';

/** The options of {@link startOssEmulator}. */
export interface OssEmulatorOptions {
  /** The TCP port, 0 to 65535. Default: 0, a free one. */
  readonly port?: number | undefined;
  /** The address to listen on. Default: `127.0.0.1`. */
  readonly host?: string | undefined;
  /** The region that signatures must name, without `oss-`. Default: `cn-hangzhou`. */
  readonly region?: string | undefined;
  /** The names of buckets to create, 3 to 63 characters each. Default: `['demo']`. */
  readonly buckets?: readonly string[] | undefined;
  /**
   * The access keys that may sign. Default:
   * `{ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' }`.
   */
  readonly credentials?: OssCredentials | readonly OssCredentials[] | undefined;
  /** The directory that objects, uploads and settings are stored in. Default: none, in memory. */
  readonly dataDir?: string | undefined;
  /**
   * Stores sizes and checksums but no bytes, for uploads larger than the memory. Excludes `dataDir`.
   * Default: `false`.
   */
  readonly discardBodies?: boolean | undefined;
  /** The clock that signatures, expiry and lifecycle rules use. Default: the system's. */
  readonly clock?: OssClock | undefined;
  /** Custom domains, each with its bucket: `{ 'files.example.com': 'media' }`. Default: none. */
  readonly cnames?: Readonly<Record<string, string>> | undefined;
  /**
   * Hosts with private addresses, such as `127.0.0.1`, that callbacks may be sent to. OSS rejects callbacks
   * to private addresses. Default: none.
   */
  readonly callbackHosts?: readonly string[] | undefined;
  /**
   * The path of an HTTP API for faults, state and clock, such as `/-/emulator`. It serves requests from this
   * machine only. Default: none.
   */
  readonly adminPath?: string | undefined;
}

/** A running emulator. */
export interface OssEmulator {
  /** `http://127.0.0.1:49152`. For path style, or virtual hosts by the Host header. */
  readonly endpoint: string;
  /** The TCP port it listens on. */
  readonly port: number;
  /** The region that signatures must name, such as `cn-hangzhou`. */
  readonly region: string;
  /** The URL of the public key for the signatures of callbacks. */
  readonly callbackKeyUrl: string;
  /** The state behind the endpoint, for tests to inspect and change. */
  readonly model: OssModel;
  /** The faults of its requests and responses; none at the start. */
  readonly faults: Faults;
  /** Moves the emulator's clock by `ms`, so that signatures expire; a negative number moves it back. */
  advanceClock(ms: number): void;
  /** Closes every connection, also those without a response, and stops listening. */
  close(): Promise<void>;
}

const DEFAULT_CREDENTIALS: OssCredentials = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' };

/**
 * Starts an OSS emulator in this process. Resolves when it accepts connections.
 *
 * @param options Port, region, buckets, credentials and storage. Every option has a default.
 * @throws TypeError For an invalid region or bucket name, or `discardBodies` together with `dataDir`. Rejects
 * with the error of Node if the port is in use or `dataDir` cannot be used.
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
  const clock = createAdjustableClock(baseClock);
  const { now, advance: advanceClock } = clock;
  const closing = new AbortController();
  const sender = createCallbackSender({
    keyUrl: () => `${endpoint}${CALLBACK_KEY_PATH}`,
    privateHosts: callbackHosts,
    schedule: clock.schedule,
    signal: closing.signal,
  });
  const model = createOssModel({
    region,
    buckets: [],
    credentials,
    clock,
    cnames: lowerCaseHosts(cnames),
    sendCallback: sender.send,
    allowCallback: sender.allow,
    ...(await openStorage(dataDir, discardBodies)),
  });
  for (const bucket of buckets) await model.createBucket(bucket);
  const faults = createFaults({ advanceClock });
  const admin = adminPath === undefined ? undefined : createAdmin({ path: adminPath, model, faults, clock });
  const server = await serveHttp({
    port,
    host,
    handle: injectFaults(model, faults, { now }).handle,
    intercept: (message, reply) => sender.serveKey(message, reply) || admin?.(message, reply) === true,
  });
  const endpoint = `http://${formatUrlHost(host)}:${server.port}`;
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

type Storage = Pick<OssModelOptions, 'blobs' | 'records' | 'restoredBuckets'>;

async function openStorage(dataDir: string | undefined, discardBodies: boolean): Promise<Storage> {
  if (dataDir === undefined) {
    return { blobs: discardBodies ? createDiscardingBlobs() : createMemoryBlobs() };
  }
  if (discardBodies) throw new TypeError('dataDir and discardBodies exclude each other: remove one');
  const directory = join(dataDir, 'buckets');
  return {
    blobs: await createDirectoryBlobs(join(dataDir, 'blobs')),
    records: createDirectoryRecords(directory),
    restoredBuckets: await loadBuckets(directory),
  };
}

function checkRegion(region: string): void {
  if (/^(?!oss-)[a-z0-9-]+$/.test(region)) return;
  throw new TypeError(`region must look like cn-hangzhou, without oss-, got ${region}`);
}

function checkBucket(name: string): void {
  if (/^(?!-)[a-z0-9-]{3,63}(?<!-)$/.test(name)) return;
  throw new TypeError(
    `a bucket name must have 3 to 63 characters of a-z, 0-9 and inner hyphens, got ${name}`,
  );
}

function lowerCaseHosts(cnames: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(cnames).map(([host, bucket]) => [host.toLowerCase(), bucket]));
}

/** An address for all interfaces is reached by the loopback address. IPv6 needs brackets in a URL. */
function formatUrlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
