import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ScriptedAddress, ScriptedResponse } from '@partway/core/testing';
import { createScriptedServer } from '../../../node/test/stages/scripted-server.ts';
import type { Started } from './uploads-server.ts';

/**
 * The scripted server, for pages: `POST /` with a script makes an address; `GET /3/received` waits for what
 * the third one received.
 */
export async function startScripts(): Promise<Started> {
  const scripted = await createScriptedServer();
  const addresses: ScriptedAddress[] = [];

  async function answer(path: string, body: string): Promise<unknown> {
    const [index, question] = path.split('/');
    const address = addresses[Number(index)];
    if (address !== undefined && isQuestion(question)) return await address[question]();
    const added = await scripted.serve(JSON.parse(body) as ScriptedResponse);
    return { url: added.url, index: addresses.push(added) - 1 };
  }

  const server = createServer(async (message, reply) => {
    reply.setHeader('access-control-allow-origin', '*');
    const body = Buffer.concat(await message.toArray()).toString('utf8');
    try {
      reply.end(JSON.stringify((await answer((message.url ?? '/').slice(1), body)) ?? null));
    } catch (reason) {
      reply.writeHead(500).end(String(reason));
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await scripted.close();
    },
  };
}

type Question = 'arrived' | 'received' | 'closed' | 'requestCount';

function isQuestion(text: string | undefined): text is Question {
  return text === 'arrived' || text === 'received' || text === 'closed' || text === 'requestCount';
}
