import { createOssObjectStore } from '@partway/core/oss';
import type { ObjectStore } from '@partway/core/ports';
import { type OssEmulator, startOssEmulator } from '@partway/emulator';

export const REGION = 'cn-hangzhou';
export const BUCKET = 'soak';
export const KEY = 'soaked';
/** The default credentials of the emulator. */
export const CREDENTIALS = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' } as const;

/** Runs an emulator in this process while `run` runs. */
export async function withEmulator<T>(run: (emulator: OssEmulator) => Promise<T>): Promise<T> {
  const emulator = await startOssEmulator({ region: REGION, buckets: [BUCKET], credentials: CREDENTIALS });
  try {
    return await run(emulator);
  } finally {
    await emulator.close();
  }
}

export function openStore(endpoint: string): ObjectStore {
  return createOssObjectStore({ region: REGION, bucket: BUCKET, endpoint, credentials: CREDENTIALS });
}
