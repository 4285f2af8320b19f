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
import type { Command, Given } from './command.ts';

/** The destination of uploads: a bucket with local credentials, or a coordinator. */
export interface Destination {
  readonly controlPlane: ControlPlane;
  /** Where its unfinished uploads are remembered. */
  readonly checkpointDirectory: string;
  /** The part of ADDRESS behind the bucket, or the name sent to a coordinator. */
  readonly key: string;
  /** ADDRESS ends in `/`: a name is to be appended to `key`, which is empty for the bucket itself. */
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
    description: 'sent to the coordinator; may be repeated. PARTWAY_AUTHORIZATION is sent as Authorization',
  },
  'url-lifetime': {
    type: 'string',
    valueHint: '900',
    description: 'seconds a presigned URL may wait before it is used, 1 to 604800',
  },
};

/** Throws a `TypeError` that names the option. */
export function readDestination(given: Given): Destination {
  const url = given.text('coordinator');
  const isPrefix = given.text('address')?.endsWith('/') === true;
  return { ...(url === undefined ? bucketOf(given) : coordinatorAt(url, given)), isPrefix };
}

type Place = Omit<Destination, 'isPrefix'>;

function bucketOf(given: Given): Place {
  if (given.all('header').length > 0) throw new TypeError('--header goes with --coordinator');
  const { bucket, key } = readAddress(given);
  const store = openStore(given, bucket);
  const urlLifetimeSeconds = readCount(given, 'url-lifetime');
  return {
    controlPlane: createCoordinator({ store, tokenKeys: [readTokenKey()], urlLifetimeSeconds }),
    checkpointDirectory: readCheckpointDirectory(given, bucket),
    key,
  };
}

function coordinatorAt(url: string, given: Given): Place {
  const name = given.text('address') ?? '';
  if (name.startsWith('oss://')) {
    throw new TypeError('ADDRESS is a name with --coordinator, and no oss:// address: it knows where');
  }
  const alien = ['region', 'endpoint', 'url-lifetime'].find((option) => given.text(option) !== undefined);
  if (alien !== undefined) throw new TypeError(`--${alien} does not go with --coordinator, which decides it`);
  if (!/^https?:\/\//.test(url)) throw new TypeError('--coordinator must be an http or https URL');
  const authorization = process.env.PARTWAY_AUTHORIZATION;
  const headers = { ...(authorization && { authorization }), ...readPairs(given, 'header', ':') };
  const site = createHash('sha256').update(url).digest('hex').slice(0, 8);
  return {
    controlPlane: createHttpControlPlane(url, { headers }),
    checkpointDirectory: join(readStateDirectory(given), `coordinator.${site}`),
    key: name,
  };
}
