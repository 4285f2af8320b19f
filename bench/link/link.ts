// A process that simulates a link with delay, limited bandwidth and loss: a TCP proxy in front of the sink.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { serveTasks } from '../serve-tasks.ts';
import { createBottleneck } from './bottleneck.ts';
import { createDelayLine } from './delay-line.ts';
import { LISTENING_FD } from './small-buffers.ts';
import type { LinkTask } from './start-link.ts';
import { forwardUpstream } from './upstream.ts';

serveTasks(async ({ model, port }: LinkTask): Promise<number> => {
  const bottleneck = createBottleneck(model);
  const server = createServer({ noDelay: true }, (client) => {
    const sink = connect({ port, host: '127.0.0.1', noDelay: true });
    forwardUpstream(client, sink, model, bottleneck);
    forwardDownstream(sink, client, model.roundTripMs / 2);
    closeTogether(client, sink);
  });
  const fd = process.env[LISTENING_FD];
  server.listen(fd === undefined ? { port: 0, host: '127.0.0.1' } : { fd: Number(fd) });
  await once(server, 'listening');
  // A parse edge: a server that listens on TCP has an address.
  return (server.address() as AddressInfo).port;
});

/** Responses are small: they are only delayed. */
function forwardDownstream(sink: Socket, client: Socket, delayMs: number): void {
  const line = createDelayLine<Buffer>((bytes) => client.write(bytes));
  sink.on('data', (bytes: Buffer) => line.add(bytes, performance.now() + delayMs));
}

function closeTogether(client: Socket, sink: Socket): void {
  for (const socket of [client, sink]) {
    const close = (): void => {
      client.destroy();
      sink.destroy();
    };
    // A stopped client may reset its connection: that closes both too.
    socket.on('error', close).on('close', close);
  }
}
