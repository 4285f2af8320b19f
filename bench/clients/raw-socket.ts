import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { CreateSender } from './client.ts';
import { type BarePart, readChunks, sendEachPart } from './part-loop.ts';

/** The least work of a Node process, with which all others are compared in each round. */
export const createSender: CreateSender = (endpoint) => {
  const { protocol, hostname, port } = new URL(endpoint);
  const free: Socket[] = [];

  async function openSocket(): Promise<Socket> {
    const socket = free.pop();
    if (socket !== undefined) return socket;
    const address = { host: hostname, port: Number(port), noDelay: true };
    const opened = protocol === 'https:' ? connectTls(address) : connect(address);
    await once(opened, protocol === 'https:' ? 'secureConnect' : 'connect');
    return opened;
  }

  return (file) =>
    sendEachPart(file, async (part) => {
      const socket = await openSocket();
      await sendPart(socket, hostname, part);
      free.push(socket);
    });
};

async function sendPart(socket: Socket, host: string, part: BarePart): Promise<void> {
  const responded = once(socket, 'data');
  socket.write(`PUT ${part.path} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${part.size}\r\n\r\n`);
  for await (const chunk of readChunks(part)) {
    await new Promise((resolve) => socket.write(chunk, resolve));
  }
  const [response] = await responded;
  if (!String(response).startsWith('HTTP/1.1 200')) throw new Error(`the sink responded ${String(response)}`);
}
