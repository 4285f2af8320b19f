import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { request as requestTls, Agent as TlsAgent } from 'node:https';
import type { CreateSender } from './client.ts';
import { assertOk, readChunks, sendEachPart } from './part-loop.ts';

export const createSender: CreateSender = (endpoint) => {
  const isTls = endpoint.startsWith('https:');
  const agent = isTls ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  const start = isTls ? requestTls : request;
  return (file) =>
    sendEachPart(file, async (part) => {
      const headers = { 'content-length': part.size };
      const put: ClientRequest = start(`${endpoint}${part.path}`, { method: 'PUT', agent, headers });
      const responded = once(put, 'response');
      for await (const chunk of readChunks(part)) {
        await new Promise((resolve) => put.write(chunk, resolve));
      }
      put.end();
      // A parse edge: the event has one argument.
      const [response] = (await responded) as [IncomingMessage];
      assertOk(response.statusCode ?? 0);
      response.resume();
      await once(response, 'end');
    });
};
