import type { Transport } from '@partway/core/ports';
import { createFetchTransport } from './fetch-transport.ts';
import { createXhrTransport } from './xhr-transport.ts';

/** Makes the default transport: XMLHttpRequest, or `fetch` in a service worker, which has no other. */
export function createPageTransport(): Transport {
  return typeof XMLHttpRequest === 'undefined' ? createFetchTransport() : createXhrTransport();
}
