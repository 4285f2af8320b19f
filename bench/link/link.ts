// A process that stands for a long, narrow or lossy link: a TCP proxy in front of the sink.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { serveTasks } from '../serve-tasks.ts';
import { createBottleneck } from './bottleneck.ts';
import { createDelayLine } from './delay-line.ts';
import { LISTENING } from './small-buffers.ts';
import type { LinkTask } from './start-link.ts';
import { carryUpstream } from './upstream.ts';

serveTasks(async ({ model, port }: LinkTask): Promise<number> => {
  const bottleneck = createBottleneck(model);
  const server = createServer({ noDelay: true }, (client) => {
    const sink = connect({ port, host: '127.0.0.1', noDelay: true });
    carryUpstream(client, sink, model, bottleneck);
    carryDownstream(sink, client, model.roundTripMs / 2);
    endTogether(client, sink);
  });
  const opened = process.env[LISTENING];
  server.listen(opened === undefined ? { port: 0, host: '127.0.0.1' } : { fd: Number(opened) });
  await once(server, 'listening');
  // A parse edge: a server that listens on TCP has an address.
  return (server.address() as AddressInfo).port;
});

/** Responses are small: they are only delayed. */
function carryDownstream(sink: Socket, client: Socket, delayMs: number): void {
  const line = createDelayLine<Buffer>((bytes) => client.write(bytes));
  sink.on('data', (bytes: Buffer) => line.add(bytes, performance.now() + delayMs));
}

function endTogether(client: Socket, sink: Socket): void {
  for (const socket of [client, sink]) {
    const end = (): void => {
      client.destroy();
      sink.destroy();
    };
    // One that was stopped may be reset: that is an end like any other.
    socket.on('error', end).on('close', end);
  }
}
