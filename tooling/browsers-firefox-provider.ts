import { type PlaywrightBrowserProvider, playwright } from '@vitest/browser-playwright';
import type { BrowserProviderOption } from 'vitest/node';
import { firefoxLaunch } from './browsers.ts';

/**
 * Firefox by Playwright. Vitest looks for the frame of its tests by name, which over WebDriver BiDi is now and then
 * not known in time: here it is the one in the page.
 */
export function firefox(): BrowserProviderOption {
  const option = playwright({ launchOptions: firefoxLaunch() });
  return {
    ...option,
    providerFactory(project) {
      const provider = option.providerFactory(project) as PlaywrightBrowserProvider;
      const contextOf = provider.getCommandsContext.bind(provider);
      provider.getCommandsContext = (sessionId) => {
        const context = contextOf(sessionId);
        const [frame] = context.page.mainFrame().childFrames();
        return frame === undefined ? context : { ...context, frame: () => Promise.resolve(frame) };
      };
      return provider;
    },
  };
}
