import { fileURLToPath } from 'node:url';
import { defineBrowserProvider, parseKeyDef } from '@vitest/browser';
import type { BrowserCommand, BrowserProvider, BrowserProviderOption, TestProject } from 'vitest/node';
import { startWebKit, type WebKitSession } from './browsers-webkit.ts';

/**
 * WebKitGTK for the browser mode of Vitest. It opens the page in which tests run, and presses keys. Files are
 * chosen in the page by `browsers-webkit-page.ts`.
 */
export function webkit(): BrowserProviderOption {
  return defineBrowserProvider({
    name: 'webkitgtk',
    supportedBrowser: ['webkit'],
    options: {},
    providerFactory: createProvider,
  });
}

function createProvider(project: TestProject): BrowserProvider {
  let starting: Promise<WebKitSession> | undefined;
  const session = (): Promise<WebKitSession> => {
    starting ??= startWebKit();
    return starting;
  };
  const register = project.browser?.registerCommand.bind(project.browser) as
    | ((name: string, command: BrowserCommand<never>) => void)
    | undefined;
  const keyboard: BrowserCommand<[string]> = async (_, text) => {
    await pressKeys(await session(), keysOf(text));
    return { unreleased: [] };
  };
  const tab: BrowserCommand<[]> = async () => pressKeys(await session(), [TAB]);
  register?.('__vitest_keyboard', keyboard);
  register?.('__vitest_tab', tab);
  return {
    name: 'webkitgtk',
    supportsParallelism: false,
    initScripts: [fileURLToPath(new URL('browsers-webkit-page.ts', import.meta.url))],
    getCommandsContext: () => ({}),
    async openPage(_, url) {
      await (await session()).command('POST', '/url', { url });
    },
    async close() {
      await (await starting)?.close();
    },
  };
}

/** The characters of WebDriver for keys without a character. */
const TAB = '\uE004';
const NAMED_KEYS: Readonly<Record<string, string>> = { Enter: '\uE007', Escape: '\uE00C', Tab: TAB };

/** Converts keys of a test, such as `{Enter}`, to characters of WebDriver. */
function keysOf(text: string): string[] {
  return parseKeyDef(text).map(({ keyDef: { key = '' } }) => {
    const character = [...key].length === 1 ? key : NAMED_KEYS[key];
    if (character === undefined) throw new Error(`the key ${key} is not supported`);
    return character;
  });
}

/** Keys go to the focused element. The page of the test is a frame in the page of Vitest. */
async function pressKeys(session: WebKitSession, keys: readonly string[]): Promise<void> {
  await session.command('POST', '/frame', { id: null });
  await session.run('document.querySelector("iframe[data-vitest]").contentWindow.focus()');
  const actions = keys.flatMap((value) => ['keyDown', 'keyUp'].map((type) => ({ type, value })));
  await session.command('POST', '/actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
}
