import { crc64 } from '../checksum/crc64.ts';
import type { PartBody, PartResponse, Transport } from '../ports.ts';
import { createInMemorySource } from './in-memory-source.ts';
import type { ScriptedAddress, ScriptedResponse, ScriptedServer } from './scripted-server.ts';

/** A transport for one case. */
export interface TestedTransport {
  /** The transport. */
  readonly transport: Transport;
  /** Releases its connections. */
  close(): Promise<void>;
}

/** Creates transports and servers for the conformance suite. */
export interface TransportHarness {
  /** Called once for each case. */
  createTransport(): Promise<TestedTransport>;
  /** Called once for each case. */
  createServer(): Promise<ScriptedServer>;
  /** False for a transport that has to read the whole body before it can send: fetch in a browser. */
  readonly sendsWhileReading: boolean;
  /**
   * True for a platform that always follows redirects: XMLHttpRequest. The response of the target must still
   * not count. Default: false.
   */
  readonly followsRedirects?: boolean;
}

/** The transport and the server of one case. */
export interface Stage {
  readonly transport: Transport;
  readonly server: ScriptedServer;
  readonly followsRedirects: boolean;
}

export async function runOnStage(
  harness: TransportHarness,
  check: (stage: Stage) => Promise<void>,
): Promise<void> {
  const server = await harness.createServer();
  const { transport, close } = await harness.createTransport();
  try {
    await check({ transport, server, followsRedirects: harness.followsRedirects ?? false });
  } finally {
    await close();
    await server.close();
  }
}

export const OK: ScriptedResponse = { behaviour: 'respond', status: 200, headers: {}, body: '' };
export const SIZE: number = 2 * 1024 * 1024 + 77;
export const BYTES: Uint8Array = Uint8Array.from(
  { length: SIZE },
  (_, index) => (index * 31) ^ (index >>> 8),
);
export const BODY_CRC64: string = crc64(BYTES);

function createBody(): PartBody {
  return createInMemorySource(BYTES, { chunkSize: 1024 * 1024 }).part(0, SIZE);
}

interface PutOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: PartBody;
  readonly signal?: AbortSignal;
  readonly onProgress?: (sentBytes: number) => void;
}

export function put(
  { transport }: Stage,
  { url }: ScriptedAddress,
  options: PutOptions = {},
): Promise<PartResponse> {
  const {
    headers = {},
    body = createBody(),
    signal = new AbortController().signal,
    onProgress = () => undefined,
  } = options;
  return transport.put({ url, headers, body, signal, onProgress });
}
