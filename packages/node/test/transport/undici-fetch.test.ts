import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOssObjectStore } from '@partway/core/oss';
import { objectStoreConformance } from '@partway/core/testing';
import { describe, expect, test } from 'vitest';
import {
  BUCKET,
  CREDENTIALS,
  createEmulatorStage,
  REGION,
} from '../../../core/test/stages/emulator-stage.ts';
import { createUndiciFetch } from '../../src/transport/undici-fetch.ts';

describe('a store over undici', () => {
  const createStage = () =>
    createEmulatorStage(({ endpoint }) => {
      const location = { region: REGION, bucket: BUCKET, endpoint, credentials: CREDENTIALS };
      return createOssObjectStore({ ...location, fetch: createUndiciFetch() });
    });
  for (const { name, run } of objectStoreConformance({ createStage })) test(name, run);
});

test('HEAD requests reuse one connection, and redirects are not followed', async () => {
  let connections = 0;
  const server = createServer((_, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/', 'set-cookie': ['a=1', 'b=2'] }).end();
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const fetch = createUndiciFetch();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  for (let round = 0; round < 3; round++) {
    const { status, headers } = await fetch(url, { method: 'HEAD' });
    expect([status, headers.get('set-cookie')]).toEqual([302, 'a=1, b=2']);
  }
  expect(connections).toBe(1);
  server.closeAllConnections();
  server.close();
});
