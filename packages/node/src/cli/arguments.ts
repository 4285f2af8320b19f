import { hkdfSync } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createOssObjectStore, type OssBucketOptions, type OssCredentials } from '@partway/core/oss';
import type { ObjectStore } from '@partway/core/ports';
import { createUndiciFetch } from '../transport/undici-fetch.ts';
import type { Command, Given } from './command.ts';

/** `oss://BUCKET/KEY` */
export interface Address {
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
}

export function readAddress(given: Given): Address {
  const text = given.text('address') ?? '';
  const [, bucket, key = ''] = /^oss:\/\/([^/]+)(?:\/(.*))?$/s.exec(text) ?? [];
  if (bucket === undefined) throw new TypeError(`ADDRESS must be oss://BUCKET/KEY, got ${text}`);
  return { bucket, key };
}

/** The same for a command that is about one object. */
export function readObjectAddress(given: Given): Address {
  const address = readAddress(given);
  if (address.key === '') throw new TypeError(`ADDRESS needs a key: oss://${address.bucket}/KEY`);
  return address;
}

/** Options of every command. */
export const STORE_ARGS: Command['args'] = {
  region: { type: 'string', valueHint: 'cn-hangzhou', description: 'region of the bucket, or OSS_REGION' },
  endpoint: { type: 'string', valueHint: 'url', description: "default: the region's own, or OSS_ENDPOINT" },
  'path-style': { type: 'boolean', description: 'bucket in the path, not in the host; for emulators' },
  json: { type: 'boolean', description: 'JSON lines on stdout' },
};

export function openStore(given: Given, bucket: string): ObjectStore {
  return createOssObjectStore(readBucketOptions(given, bucket));
}

/** Where the bucket is, and who signs. */
export function readBucketOptions(given: Given, bucket: string): Omit<OssBucketOptions, 'clock'> {
  const region = given.text('region') ?? fromEnvironment('OSS_REGION');
  if (region === undefined) throw new TypeError('--region is needed, or OSS_REGION');
  const endpoint = given.text('endpoint') ?? fromEnvironment('OSS_ENDPOINT');
  const site = { bucket, region, endpoint, ...(given.flag('path-style') && { addressing: 'path' as const }) };
  return { ...site, credentials: readCredentials(), fetch: createUndiciFetch() };
}

function readCredentials(): OssCredentials {
  const accessKeyId = fromEnvironment('OSS_ACCESS_KEY_ID');
  const accessKeySecret = fromEnvironment('OSS_ACCESS_KEY_SECRET');
  if (accessKeyId === undefined || accessKeySecret === undefined) {
    throw new TypeError('OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET must be set in the environment');
  }
  return { accessKeyId, accessKeySecret, securityToken: fromEnvironment('OSS_SESSION_TOKEN') };
}

/** The key of upload tokens: only a process with the same secret can open them. */
export function readTokenKey(): { readonly kid: string; readonly key: Uint8Array } {
  return { kid: 'cli', key: derived('partway cli upload token', 32) };
}

/**
 * The checkpoint directory of this bucket and secret: a checkpoint is named after file and key alone, and its
 * token is invalid for another bucket or secret.
 */
export function readCheckpointDirectory(given: Given, bucket: string): string {
  const secretName = Buffer.from(derived('partway cli checkpoint directory', 4)).toString('hex');
  return join(readStateDirectory(given), `${bucket}.${secretName}`);
}

/** Where all checkpoints are. */
export function readStateDirectory(given: Given): string {
  const state = fromEnvironment('XDG_STATE_HOME') ?? join(homedir(), '.local', 'state');
  return given.text('checkpoint-dir') ?? join(state, 'partway');
}

function derived(purpose: string, size: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', readCredentials().accessKeySecret, '', purpose, size));
}

function fromEnvironment(name: string): string | undefined {
  return process.env[name] || undefined;
}

/** `8MiB`, `100MB` or plain bytes. */
export function readSize(given: Given, name: string): number | undefined {
  const text = given.text(name);
  if (text === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d+)([KMG]i?B|B)?$/.exec(text) ?? [];
  if (digits === undefined) {
    throw new TypeError(`--${name} must be bytes, or a number with KB, MB, GB, KiB, MiB or GiB, got ${text}`);
  }
  return Number(digits) * (UNITS.get(unit) ?? 1);
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['KB', 1000],
  ['MB', 1000 ** 2],
  ['GB', 1000 ** 3],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
]);

/** `45s`, `30min`, `12h` or `7d`, in ms. A bare number would leave open what it counts. */
export function readDuration(given: Given, name: string): number | undefined {
  const text = given.text(name);
  if (text === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d{1,6})(s|min|h|d)$/.exec(text) ?? [];
  if (digits === undefined)
    throw new TypeError(`--${name} must be a number with s, min, h or d, got ${text}`);
  return Number(digits) * (DURATIONS.get(unit) ?? 1);
}

const DURATIONS: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

export function readCount(given: Given, name: string): number | undefined {
  const text = given.text(name);
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new TypeError(`--${name} must be a whole number, got ${text}`);
  return Number(text);
}

/** Repeated options of the form `name=value`, or with another separator. */
export function readPairs(given: Given, name: string, separator: string): Record<string, string> {
  const pairs = given.all(name).map((text) => {
    const at = text.indexOf(separator);
    if (at < 1) {
      // A header may be a secret.
      const got = name === 'header' ? '' : `, got ${text}`;
      throw new TypeError(`--${name} must be NAME${separator}VALUE${got}`);
    }
    return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  });
  return Object.fromEntries(pairs);
}
