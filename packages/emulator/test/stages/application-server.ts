import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that an application server received. */
export interface ReceivedCallback {
  readonly method: string | undefined;
  /** Path and query. */
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ApplicationServer {
  /** `http://127.0.0.1:49152` */
  readonly origin: string;
  readonly received: ReceivedCallback[];
  /** Sets the handler of later requests. Default: 200 with `{"Status":"OK"}`. */
  setResponder(responder: (reply: ServerResponse, request: ReceivedCallback) => unknown): void;
  close(): Promise<void>;
}

/** An application server that OSS may call, on a port of its own. */
export async function createApplicationServer(): Promise<ApplicationServer> {
  const received: ReceivedCallback[] = [];
  let respond: Parameters<ApplicationServer['setResponder']>[0] = (reply) =>
    sendJson(reply, { Status: 'OK' });
  const server = createServer(async (message, reply) => {
    const { method, url, headers } = message;
    const request = { method, url, headers, body: Buffer.concat(await message.toArray()) };
    received.push(request);
    await respond(reply, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    setResponder(responder) {
      respond = responder;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export function sendJson(reply: ServerResponse, json: unknown, status = 200): void {
  const body = JSON.stringify(json);
  reply.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  reply.end(body);
}
