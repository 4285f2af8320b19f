import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Started } from './uploads-server.ts';

/** Reads a PUT only on request (`POST /`), beyond the bytes that the connection buffers by itself. */
export async function startSlowReader(): Promise<Started> {
  const unread: IncomingMessage[] = [];
  const server = createServer((message, reply) => {
    reply.setHeader('access-control-allow-origin', '*');
    reply.setHeader('access-control-allow-methods', 'PUT');
    if (message.method === 'PUT') {
      unread.push(message);
      message.once('end', () => reply.end());
      return;
    }
    if (message.method === 'POST') for (const waiting of unread.splice(0)) waiting.resume();
    reply.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
