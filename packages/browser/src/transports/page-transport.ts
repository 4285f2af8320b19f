import type { Transport } from '@partway/core/ports';
import { createFetchTransport } from './fetch-transport.ts';
import { createXhrTransport } from './xhr-transport.ts';

/** The transport of a page: XMLHttpRequest, and `fetch` where there is none, as in a service worker. */
export function createPageTransport(): Transport {
  return typeof XMLHttpRequest === 'undefined' ? createFetchTransport() : createXhrTransport();
}
