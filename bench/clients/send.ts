// A process that sends files with one client, and returns the cost of each.

import { measureUsage, type Usage } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';
import type { ClientName, CreateSender, FileToSend, SendFile } from './client.ts';

export interface SendTask {
  readonly client: ClientName;
  /** The same with every task to one process. */
  readonly endpoint: string;
  readonly file: FileToSend;
}

/** Loaded on demand: no client pays for the modules of another. */
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

serveTasks(async ({ client, endpoint, file }: SendTask): Promise<Usage> => {
  const send = sendFile ?? (await CLIENTS[client]()).createSender(endpoint);
  sendFile = send;
  return measureUsage(() => send(file));
});
