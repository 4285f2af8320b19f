import { hkdfSync } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createOssObjectStore, type OssBucketOptions, type OssCredentials } from '@partway/core/oss';
import type { ObjectStore } from '@partway/core/ports';
import { createUndiciFetch } from '../transport/undici-fetch.ts';
import type { Command, ParsedArgs } from './command.ts';

/** The parts of `oss://BUCKET/KEY`. */
export interface Address {
  readonly bucket: string;
  /** Empty for the whole bucket. */
  readonly key: string;
}

export function readAddress(parsed: ParsedArgs): Address {
  const text = parsed.text('address') ?? '';
  const [, bucket, key = ''] = /^oss:\/\/([^/]+)(?:\/(.*))?$/s.exec(text) ?? [];
  if (bucket === undefined) throw new TypeError(`ADDRESS must be oss://BUCKET/KEY, got ${text}`);
  return { bucket, key };
}

/** Reads an address that must have a key. */
export function readObjectAddress(parsed: ParsedArgs): Address {
  const address = readAddress(parsed);
  if (address.key === '') throw new TypeError(`ADDRESS requires a key: oss://${address.bucket}/KEY`);
  return address;
}

/** Options of every command that uses a bucket. */
export const STORE_ARGS: Command['args'] = {
  region: {
    type: 'string',
    valueHint: 'cn-hangzhou',
    description: 'region of the bucket; default: OSS_REGION',
  },
  endpoint: {
    type: 'string',
    valueHint: 'url',
    description: 'default: OSS_ENDPOINT, or the endpoint of the region',
  },
  'path-style': { type: 'boolean', description: 'bucket in the path, not in the host name; for emulators' },
  json: { type: 'boolean', description: 'JSON lines on stdout' },
};

export function openStore(parsed: ParsedArgs, bucket: string): ObjectStore {
  return createOssObjectStore(readBucketOptions(parsed, bucket));
}

/** The location of the bucket, and the credentials. */
export function readBucketOptions(parsed: ParsedArgs, bucket: string): Omit<OssBucketOptions, 'clock'> {
  const region = parsed.text('region') ?? fromEnvironment('OSS_REGION');
  if (region === undefined) throw new TypeError('--region or OSS_REGION is required');
  const endpoint = parsed.text('endpoint') ?? fromEnvironment('OSS_ENDPOINT');
  const location = {
    bucket,
    region,
    endpoint,
    ...(parsed.flag('path-style') && { addressing: 'path' as const }),
  };
  return { ...location, credentials: readCredentials(), fetch: createUndiciFetch() };
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
  return { kid: 'cli', key: deriveKey('partway cli upload token', 32) };
}

/**
 * The checkpoint directory of this bucket and secret: a checkpoint is named after file and key alone, and its
 * token is invalid for another bucket or secret.
 */
export function readCheckpointDirectory(parsed: ParsedArgs, bucket: string): string {
  const secretName = Buffer.from(deriveKey('partway cli checkpoint directory', 4)).toString('hex');
  return join(readStateDirectory(parsed), `${bucket}.${secretName}`);
}

/** The directory of all checkpoint directories. */
export function readStateDirectory(parsed: ParsedArgs): string {
  const state = fromEnvironment('XDG_STATE_HOME') ?? join(homedir(), '.local', 'state');
  return parsed.text('checkpoint-dir') ?? join(state, 'partway');
}

function deriveKey(purpose: string, size: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', readCredentials().accessKeySecret, '', purpose, size));
}

function fromEnvironment(name: string): string | undefined {
  return process.env[name] || undefined;
}

/** Reads `8MiB`, `100MB` or a number of bytes. */
export function readSize(parsed: ParsedArgs, name: string): number | undefined {
  const text = parsed.text(name);
  if (text === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d+)([KMG]i?B|B)?$/.exec(text) ?? [];
  if (digits === undefined) {
    throw new TypeError(
      `--${name} must be a number of bytes, or have KB, MB, GB, KiB, MiB or GiB, got ${text}`,
    );
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

/** Reads `45s`, `30min`, `12h` or `7d`, in ms. A number without a unit is rejected as ambiguous. */
export function readDuration(parsed: ParsedArgs, name: string): number | undefined {
  const text = parsed.text(name);
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

export function readCount(parsed: ParsedArgs, name: string): number | undefined {
  const text = parsed.text(name);
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new TypeError(`--${name} must be a whole number, got ${text}`);
  return Number(text);
}

/** Reads a repeated option of the form `NAME=VALUE`, or with another separator. */
export function readPairs(parsed: ParsedArgs, name: string, separator: string): Record<string, string> {
  const pairs = parsed.all(name).map((text) => {
    const at = text.indexOf(separator);
    if (at < 1) {
      // A header can contain a secret.
      const got = name === 'header' ? '' : `, got ${text}`;
      throw new TypeError(`--${name} must be NAME${separator}VALUE${got}`);
    }
    return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  });
  return Object.fromEntries(pairs);
}
