import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** WebKitGTK on its own display, controlled by WebDriver. It keeps no data after its end. */
export interface WebKitSession {
  /** Sends one command of the session, like `POST` `url`; resolves to the value of the response. */
  command(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown>;
  /** Runs a script in the current page. `arguments` are available to the script. */
  run(script: string, ...args: readonly unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

export async function startWebKit(): Promise<WebKitSession> {
  const display = start('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp']);
  const [displayNumber] = await once(display.stdio[3] as Readable, 'data');
  const port = await freePort();
  const driver = start('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
    ...SOFTWARE,
    DISPLAY: `:${String(displayNumber).trim()}`,
  });
  const base = `http://127.0.0.1:${port}`;
  await waitUntilReady(base);
  const { sessionId } = (await send('POST', `${base}/session`, { capabilities: { alwaysMatch: {} } })) as {
    readonly sessionId: string;
  };
  const session = `${base}/session/${sessionId}`;
  const command: WebKitSession['command'] = (method, path, body) => send(method, `${session}${path}`, body);
  return {
    command,
    run: (script, ...args) => command('POST', '/execute/sync', { script, args }),
    async close() {
      await send('DELETE', session).catch(() => undefined);
      driver.stdin?.end();
      display.stdin?.end();
    },
  };
}

/** Starts a program that ends when its input is closed, also when this process exits or is killed. */
function start(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const untilClosed = '"$@" & cat >/dev/null; kill $!';
  return spawn('sh', ['-c', untilClosed, 'sh', program, ...args], {
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
}

/** There is no graphics card and no screen reader. */
const SOFTWARE = { GDK_BACKEND: 'x11', LIBGL_ALWAYS_SOFTWARE: '1', NO_AT_BRIDGE: '1' };

async function send(method: string, url: string, body?: object): Promise<unknown> {
  const sent = method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {};
  const response = await fetch(url, { method, ...sent });
  const { value } = (await response.json()) as { readonly value: unknown };
  if (response.ok) return value;
  const { error, message } = value as { readonly error: string; readonly message: string };
  throw new Error(
    `WebKit refused ${method} ${new URL(url).pathname.split('/').slice(3).join('/')}: ${error}: ${message}`,
  );
}

async function waitUntilReady(base: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const isReady = await send('GET', `${base}/status`).then(
      () => true,
      () => false,
    );
    if (isReady) return;
    if (tries === 1000) throw new Error('WebKitWebDriver does not respond');
    await sleep(20);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
