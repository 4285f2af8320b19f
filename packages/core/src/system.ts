import type { Clock, Random } from './ports.ts';

/** The clock of the machine. The only file in core that uses `Date` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  },
};

/** `Math.random`. */
export const systemRandom: Random = { next: () => Math.random() };

/** An unguessable name of 32 hex digits, which marks the object of one upload. */
export function randomNonce(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

/** A key for upload tokens that exists as long as the process. */
export function randomTokenKey(): { kid: string; key: Uint8Array } {
  return { kid: 'process', key: crypto.getRandomValues(new Uint8Array(32)) };
}

/** Imports the 32 bytes of such a key for WebCrypto. Node has no global name for the returned type. */
export function importTokenKey(bytes: Uint8Array<ArrayBuffer>): ReturnType<typeof crypto.subtle.importKey> {
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
}
