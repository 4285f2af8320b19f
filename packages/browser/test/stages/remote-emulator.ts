import type { FaultRule } from '@partway/emulator';
import { inject } from 'vitest';

const url = inject('uppyEmulatorUrl');

/** The state of the emulator of the Uppy stage, requested by a page. */
export interface EmulatorState {
  readonly uploads: readonly {
    readonly key: string;
    readonly parts: readonly { readonly partNumber: number; readonly size: number }[];
  }[];
  readonly keys: readonly string[];
  /** Of the requested object. */
  readonly etag?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function stateOf(key = ''): Promise<EmulatorState> {
  const response = await fetch(`${url}/state?${encodeURIComponent(key)}`);
  return await response.json();
}

export async function bytesOf(key: string): Promise<Uint8Array> {
  const response = await fetch(`${url}/bytes?${encodeURIComponent(key)}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A rule with a whole key, since it travels as JSON. */
export async function addFault(rule: FaultRule & { readonly key: string }): Promise<void> {
  await fetch(`${url}/fault`, { method: 'POST', body: JSON.stringify(rule) });
}

/** Whether nothing of the key is in OSS, neither an object nor an upload. */
export async function isClean(key: string): Promise<boolean> {
  const { uploads, keys } = await stateOf();
  return !keys.includes(key) && !uploads.some((upload) => upload.key === key);
}

export function patternOf(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, index) => (index * 31) ^ (index >>> 8) ^ (index >>> 16));
}

/** The first place at which the two differ; -1 where they are the same. */
export function differenceOf(left: Uint8Array, right: Uint8Array): number {
  if (left.length !== right.length) return Math.min(left.length, right.length);
  return left.findIndex((byte, index) => byte !== right[index]);
}
