import type { ScriptedServer } from '@partway/core/testing';

/** The scripted server as a page sees it: through the address that test/global-setup.ts listens on. */
export function remoteScriptedServer(scriptsUrl: string): ScriptedServer {
  return {
    async serve(script) {
      const { url, index } = await ask('', { method: 'POST', body: JSON.stringify(script) });
      return {
        url,
        arrived: () => ask(`${index}/arrived`),
        received: () => ask(`${index}/received`),
        closed: () => ask(`${index}/closed`),
        requestCount: () => ask(`${index}/requestCount`),
      };
    },
    // It serves every test of the page, and ends with them.
    close: () => Promise.resolve(),
  };

  async function ask(path: string, options?: RequestInit): Promise<ReturnType<typeof JSON.parse>> {
    const response = await fetch(`${scriptsUrl}/${path}`, options);
    return await response.json();
  }
}
