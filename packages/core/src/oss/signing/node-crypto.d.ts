/** All that core knows of Node's types: what `sha256-node.ts` calls. */
declare module 'node:crypto' {
  interface Digesting {
    update(text: string, encoding: 'utf8'): Digesting;
    digest(): Uint8Array;
    digest(encoding: 'hex'): string;
  }
  export const hash: ((algorithm: 'sha256', text: string, encoding: 'hex') => string) | undefined;
  export function createHash(algorithm: 'sha256'): Digesting;
  export function createHmac(algorithm: 'sha256', key: Uint8Array): Digesting;
}
