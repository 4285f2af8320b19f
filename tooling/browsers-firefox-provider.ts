import { type PlaywrightBrowserProvider, playwright } from '@vitest/browser-playwright';
import type { BrowserProviderOption } from 'vitest/node';
import { firefoxLaunch } from './browsers.ts';

/**
 * Firefox with Playwright. Vitest looks up the frame of its tests by name, which is sometimes not known in
 * time over WebDriver BiDi. This provider uses the only frame of the page.
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
