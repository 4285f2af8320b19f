import type { Clock, Random } from './ports.ts';

/** The machine's own clock. The only place in core that knows `Date` and `setTimeout`. */
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

export const systemRandom: Random = { next: () => Math.random() };

/** A name nobody can guess, 32 hex digits: marks an object as made by one upload. */
export function randomNonce(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

/** A key for upload tokens that lives as long as the process. */
export function randomTokenKey(): { kid: string; key: Uint8Array } {
  return { kid: 'process', key: crypto.getRandomValues(new Uint8Array(32)) };
}

/** The 32 bytes of such a key, as the platform encrypts with them: Node has no global name for that type. */
export function importTokenKey(bytes: Uint8Array<ArrayBuffer>): ReturnType<typeof crypto.subtle.importKey> {
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
}
