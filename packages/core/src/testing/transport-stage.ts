import { crc64 } from '../checksum/crc64.ts';
import type { PartBody, PartResponse, Transport } from '../ports.ts';
import { createInMemorySource } from './in-memory-source.ts';
import type { AnswerScript, ScriptedAddress, ScriptedServer } from './scripted-server.ts';

export interface TransportHarness {
  /** Each case uses a transport of its own. */
  createTransport(): Promise<{ readonly transport: Transport; close(): Promise<void> }>;
  createServer(): Promise<ScriptedServer>;
  /** False for one that has to collect the body before it can send: fetch in a browser. */
  readonly sendsWhileReading: boolean;
  /**
   * True for one that its platform keeps from refusing redirects: XMLHttpRequest. It must still not take what
   * answers there for an answer. Default: false.
   */
  readonly followsRedirects?: boolean;
}

/** What each case of the transport conformance is played on. */
export interface Stage {
  readonly transport: Transport;
  readonly server: ScriptedServer;
  readonly followsRedirects: boolean;
}

export async function onStage(
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

export const OK: AnswerScript = { behaviour: 'answer', status: 200, headers: {}, body: '' };
export const SIZE: number = 2 * 1024 * 1024 + 77;
export const BYTES: Uint8Array = Uint8Array.from(
  { length: SIZE },
  (_, index) => (index * 31) ^ (index >>> 8),
);
export const BODY_CRC64: string = crc64(BYTES);

function wholeBody(): PartBody {
  return createInMemorySource(BYTES, { chunkSize: 1024 * 1024 }).part(0, SIZE);
}

interface Sending {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: PartBody;
  readonly signal?: AbortSignal;
  readonly onProgress?: (sentBytes: number) => void;
}

export function put(
  { transport }: Stage,
  { url }: ScriptedAddress,
  sending: Sending = {},
): Promise<PartResponse> {
  const {
    headers = {},
    body = wholeBody(),
    signal = new AbortController().signal,
    onProgress = () => undefined,
  } = sending;
  return transport.put({ url, headers, body, signal, onProgress });
}
