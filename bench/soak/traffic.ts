import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** The traffic of the emulator in this process. */
export interface Traffic {
  /** UploadPart requests. */
  readonly puts: number;
  /** The sum of their Content-Length, also of incomplete bodies. */
  readonly putBytes: number;
  /** All received bytes, including heads and other operations. */
  readonly receivedBytes: number;
  stop(): void;
}

const REQUEST_START = 'http.server.request.start';

/** Counts at Node's HTTP server: no fault can hide a request from it. */
export function watchTraffic(): Traffic {
  const sockets = new Set<Socket>();
  let puts = 0;
  let putBytes = 0;
  const count = (message: unknown): void => {
    const { request } = message as { readonly request: IncomingMessage };
    sockets.add(request.socket);
    if (request.method !== 'PUT' || !request.url?.includes('partNumber=')) return;
    puts += 1;
    putBytes += Number(request.headers['content-length']);
  };
  subscribe(REQUEST_START, count);
  return {
    get puts() {
      return puts;
    },
    get putBytes() {
      return putBytes;
    },
    get receivedBytes() {
      return [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, 0);
    },
    stop: () => unsubscribe(REQUEST_START, count),
  };
}
