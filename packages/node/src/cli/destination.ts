import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type ControlPlane, createHttpControlPlane } from '@partway/core';
import { createCoordinator } from '@partway/core/coordinator';
import {
  openStore,
  readAddress,
  readCheckpointDirectory,
  readCount,
  readPairs,
  readStateDirectory,
  readTokenKey,
  STORE_ARGS,
} from './arguments.ts';
import type { Command, ParsedArgs } from './command.ts';

/** The destination of uploads: a bucket with local credentials, or a coordinator. */
export interface Destination {
  readonly controlPlane: ControlPlane;
  /** The checkpoint directory of its unfinished uploads. */
  readonly checkpointDirectory: string;
  /** The part of ADDRESS behind the bucket, or the name sent to a coordinator. */
  readonly key: string;
  /** ADDRESS ends in `/`: the name of the file is appended to `key`, which is empty for the whole bucket. */
  readonly isPrefix: boolean;
}

export const DESTINATION_ARGS: Command['args'] = {
  ...STORE_ARGS,
  coordinator: {
    type: 'string',
    valueHint: 'url',
    description:
      'use this coordinator instead of OSS: no credentials are needed, and ADDRESS is a name for it',
  },
  header: {
    type: 'string',
    valueHint: 'name: value',
    description:
      'header for the coordinator; may be repeated. PARTWAY_AUTHORIZATION is sent as Authorization',
  },
  'url-lifetime': {
    type: 'string',
    valueHint: '900',
    description: 'validity of a presigned URL in seconds, 1 to 604800',
  },
};

/** Throws a `TypeError` that names the option. */
export function readDestination(parsed: ParsedArgs): Destination {
  const url = parsed.text('coordinator');
  const isPrefix = parsed.text('address')?.endsWith('/') === true;
  return { ...(url === undefined ? openBucket(parsed) : connectCoordinator(url, parsed)), isPrefix };
}

type Target = Omit<Destination, 'isPrefix'>;

function openBucket(parsed: ParsedArgs): Target {
  if (parsed.all('header').length > 0) throw new TypeError('--header requires --coordinator');
  const { bucket, key } = readAddress(parsed);
  const store = openStore(parsed, bucket);
  const urlLifetimeSeconds = readCount(parsed, 'url-lifetime');
  return {
    controlPlane: createCoordinator({ store, tokenKeys: [readTokenKey()], urlLifetimeSeconds }),
    checkpointDirectory: readCheckpointDirectory(parsed, bucket),
    key,
  };
}

function connectCoordinator(url: string, parsed: ParsedArgs): Target {
  const name = parsed.text('address') ?? '';
  if (name.startsWith('oss://')) {
    throw new TypeError(
      'ADDRESS must be a name with --coordinator, not an oss:// address: the coordinator chooses the bucket',
    );
  }
  const conflict = ['region', 'endpoint', 'url-lifetime'].find((option) => parsed.text(option) !== undefined);
  if (conflict !== undefined) {
    throw new TypeError(`--${conflict} and --coordinator are mutually exclusive: the coordinator decides it`);
  }
  if (!/^https?:\/\//.test(url)) throw new TypeError('--coordinator must be an http or https URL');
  const authorization = process.env.PARTWAY_AUTHORIZATION;
  const headers = { ...(authorization && { authorization }), ...readPairs(parsed, 'header', ':') };
  const urlHash = createHash('sha256').update(url).digest('hex').slice(0, 8);
  return {
    controlPlane: createHttpControlPlane(url, { headers }),
    checkpointDirectory: join(readStateDirectory(parsed), `coordinator.${urlHash}`),
    key: name,
  };
}
