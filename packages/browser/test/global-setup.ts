import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ScriptedAddress } from '@partway/core/testing';
import type { TestProject } from 'vitest/node';
import { createScriptedServer } from '../../node/test/scripted-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where a page tells the scripted server what to answer, and asks what it got. */
    scriptsUrl: string;
  }
}

/** Starts what the pages need outside of the browser. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scripts = await startScripts();
  project.provide('scriptsUrl', scripts.url);
  return scripts.close;
}

/** `POST /` with a script makes an address; `GET /3/received` waits for what the third one received. */
async function startScripts(): Promise<{ url: string; close: () => Promise<void> }> {
  const scripted = await createScriptedServer();
  const addresses: ScriptedAddress[] = [];
  const control = createServer(async (message, reply) => {
    reply.setHeader('access-control-allow-origin', '*');
    const [, index, question] = (message.url ?? '').split('/');
    const address = addresses[Number(index)];
    if (message.method === 'POST') {
      const added = await scripted.serve(JSON.parse(Buffer.concat(await message.toArray()).toString('utf8')));
      reply.end(JSON.stringify({ url: added.url, index: addresses.push(added) - 1 }));
    } else if (address === undefined || !isQuestion(question)) {
      reply.writeHead(404).end();
    } else {
      reply.end(JSON.stringify((await address[question]()) ?? null));
    }
  });
  control.listen(0, '127.0.0.1');
  await once(control, 'listening');
  return {
    url: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
    async close() {
      control.closeAllConnections();
      control.close();
      await scripted.close();
    },
  };
}

type Question = 'arrived' | 'received' | 'closed' | 'requestCount';

function isQuestion(text: string | undefined): text is Question {
  return text === 'arrived' || text === 'received' || text === 'closed' || text === 'requestCount';
}
