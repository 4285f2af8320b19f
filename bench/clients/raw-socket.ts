import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { CreateSender } from './client.ts';
import { type BarePart, readChunks, sendEachPart } from './part-loop.ts';

/** The least a Node process can do: what all the others are compared with in each round. */
export const createSender: CreateSender = (endpoint) => {
  const { protocol, hostname, port } = new URL(endpoint);
  const free: Socket[] = [];

  async function take(): Promise<Socket> {
    const socket = free.pop();
    if (socket !== undefined) return socket;
    const address = { host: hostname, port: Number(port), noDelay: true };
    const made = protocol === 'https:' ? connectTls(address) : connect(address);
    await once(made, protocol === 'https:' ? 'secureConnect' : 'connect');
    return made;
  }

  return (file) =>
    sendEachPart(file, async (part) => {
      const socket = await take();
      await sendOver(socket, hostname, part);
      free.push(socket);
    });
};

async function sendOver(socket: Socket, host: string, part: BarePart): Promise<void> {
  const answered = once(socket, 'data');
  socket.write(`PUT ${part.path} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${part.size}\r\n\r\n`);
  for await (const chunk of readChunks(part)) {
    await new Promise((resolve) => socket.write(chunk, resolve));
  }
  const [response] = await answered;
  if (!String(response).startsWith('HTTP/1.1 200')) throw new Error(`the sink responded ${String(response)}`);
}
