import { type FaultEffect, type OssEmulator, startOssEmulator } from '@partway/emulator';
import { createApplicationServer, sendJson } from '../../../emulator/test/stages/application-server.ts';
import type { ObjectStore } from '../../src/object-store-port.ts';
import { callback } from '../../src/oss/index.ts';
import type { ObjectStoreStage, StoreFault } from '../../src/testing/index.ts';

export const CREDENTIALS = { accessKeyId: 'LTAItest', accessKeySecret: 'test-secret' };
export const BUCKET = 'media';
export const REGION = 'cn-hangzhou';

/** A stage for the conformance suite: a store over sockets, and an OSS of its own behind them. */
export async function createEmulatorStage(
  createStore: (emulator: OssEmulator) => ObjectStore,
): Promise<ObjectStoreStage> {
  const callbackHosts = ['127.0.0.1'];
  const emulator = await startOssEmulator({
    buckets: [BUCKET],
    region: REGION,
    credentials: CREDENTIALS,
    callbackHosts,
  });
  const app = await createApplicationServer();
  app.setResponder((reply, { body }) =>
    sendJson(reply, { key: String(body) }, String(body) === 'refused' ? 500 : 200),
  );
  return {
    store: createStore(emulator),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of OSS.
    callback: callback({ url: app.origin, body: '${object}', allowPrivateAddresses: true }),
    async send({ method, url, headers }, body) {
      const carriesBody = method === 'PUT' || method === 'POST';
      const response = await fetch(url, {
        method,
        headers,
        ...(carriesBody && { body: Uint8Array.from(body) }),
      });
      await response.arrayBuffer();
      return { status: response.status, headers: Object.fromEntries(response.headers) };
    },
    failNext(operation, fault) {
      emulator.faults.add({ operation, times: 1, effect: EFFECTS[fault] });
    },
    async close() {
      await emulator.close();
      await app.close();
    },
  };
}

const EFFECTS: Readonly<Record<StoreFault, FaultEffect>> = {
  'error in 200': { kind: 'errorIn200', code: 'InternalError' },
  'callback failed': { kind: 'refuse', status: 203, code: 'CallbackFailed' },
  'truncated response': { kind: 'truncateResponse', bytes: 60 },
  'lost response': { kind: 'dropResponse' },
  throttled: {
    kind: 'refuse',
    status: 503,
    code: 'ServiceUnavailable',
    headers: { 'x-oss-qos-delay-time': '1200' },
  },
  'no response': { kind: 'silent' },
};
