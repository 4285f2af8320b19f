import { startWebKit, type WebKitSession } from '../../../../tooling/browsers-webkit.ts';
import type { DrivenBrowser, DrivenPage } from './page-driver.ts';

/** WebKitGTK. Stored data of its pages is lost when it is closed. */
export async function startWebKitDriver(): Promise<DrivenBrowser> {
  const session = await startWebKit();
  // The test has a shorter limit of its own.
  await session.command('POST', '/timeouts', { script: 600_000 });
  // It stays open: with its last window a session ends, and none is opened but from another.
  const first = String(await session.command('GET', '/window'));
  let last: Promise<unknown> = Promise.resolve();

  /** A session drives one window at a time: requests for another window wait in a queue. */
  function inWindow<Result>(handle: string, run: () => Promise<Result>): Promise<Result> {
    const turn = last.then(async () => {
      await session.command('POST', '/window', { handle });
      return await run();
    });
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    async open(url) {
      // A window, and no tab: timers of a tab that is not seen are slow.
      const opened = await inWindow(first, () => session.command('POST', '/window/new', { type: 'window' }));
      const { handle } = opened as { readonly handle: string };
      await inWindow(handle, () => session.command('POST', '/url', { url }));
      return drivenPage(session, (run) => inWindow(handle, run));
    },
    setOffline: refusing('cannot be taken from the network'),
    restart: refusing('stores nothing for later'),
    kill: refusing('stores nothing for later'),
    close: () => session.close(),
  };
}

function drivenPage(
  session: WebKitSession,
  inPage: <Result>(run: () => Promise<Result>) => Promise<Result>,
): DrivenPage {
  return {
    choose: (...paths) =>
      inPage(async () => {
        // The driver adds the chosen files to the earlier ones.
        await session.run('document.querySelector("input").value = ""');
        const found = await session.command('POST', '/element', { using: 'css selector', value: 'input' });
        const [id] = Object.values(found as Readonly<Record<string, string>>);
        await session.command('POST', `/element/${id}/value`, { text: paths.join('\n') });
      }),
    evaluate: (run: (given: never) => unknown, given?: unknown) =>
      inPage(async () => {
        const args = given === undefined ? [] : [given];
        const script = `const [done, ...given] = [...arguments].reverse(); (${EVALUATE})(${run}, given, done)`;
        const text = await session.command('POST', '/execute/async', { script, args });
        const { value, error } = JSON.parse(String(text));
        if (error !== undefined) throw new Error(`the page failed: ${error}`);
        return value;
      }),
    passTime: refusing('has no clock but that of the machine'),
    async reload() {
      await inPage(() => session.command('POST', '/refresh'));
    },
    async close() {
      await inPage(() => session.command('DELETE', '/window'));
    },
    crash: refusing('ends with the process of any page'),
  };
}

/** For abilities that only tests skipped in WebKit use. */
function refusing(why: string): () => Promise<never> {
  return () => Promise.reject(new Error(`a driven WebKit ${why}`));
}

/** As text, since JSON of WebDriver has no `undefined`. */
const EVALUATE = `(run, given, done) => new Promise((resolve) => resolve(run(...given))).then(
  (value) => done(JSON.stringify({ value })),
  (reason) => done(JSON.stringify({ error: String(reason) })),
)`;
