// A process that sends files with one client, and tells what each cost.
import { answering } from '../answering.ts';
import { measureUsage, type Usage } from '../measure.ts';
import type { ClientName, CreateSender, FileToSend, SendFile } from './client.ts';

export interface SendQuestion {
  readonly client: ClientName;
  /** The same with every question to one process. */
  readonly endpoint: string;
  readonly file: FileToSend;
}

/** Loaded when asked for: nobody pays for another's modules. */
const CLIENTS: Readonly<Record<ClientName, () => Promise<{ readonly createSender: CreateSender }>>> = {
  partway: () => import('./partway.ts'),
  undici: () => import('./undici.ts'),
  'undici, CRC64 on': () => import('./undici-crc64.ts'),
  'node:http': () => import('./node-http.ts'),
  'raw socket': () => import('./raw-socket.ts'),
  fetch: () => import('./fetch.ts'),
  'ali-oss': () => import('./ali-oss.ts'),
  '@aws-sdk/lib-storage': () => import('./aws-sdk.ts'),
};

let sendFile: SendFile | undefined;

answering(async ({ client, endpoint, file }: SendQuestion): Promise<Usage> => {
  const send = sendFile ?? (await CLIENTS[client]()).createSender(endpoint);
  sendFile = send;
  return measureUsage(() => send(file));
});
