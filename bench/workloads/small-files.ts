// Many small files: through one uploader, or by a loop of presigned PUTs with undici.
import { readFile } from 'node:fs/promises';
import { createOssObjectStore } from '@partway/core/oss';
import { createUploader } from '@partway/node';
import { Pool } from 'undici';
import { BUCKET, CREDENTIALS, REGION } from '../clients/client.ts';
import { openCoordinator } from '../clients/partway.ts';
import { measureUsage, type Usage } from '../measure.ts';
import { serveTasks } from '../serve-tasks.ts';

export interface SmallFilesTask {
  readonly sender: 'partway' | 'undici';
  readonly endpoint: string;
  readonly paths: readonly string[];
  /** The number of files that are sent first to warm up. */
  readonly warmUp: number;
  readonly concurrency: number | 'auto';
}

serveTasks(async (task: SmallFilesTask): Promise<Usage> => {
  const { sender, paths, warmUp } = task;
  const prepare = sender === 'partway' ? prepareUploader : prepareLoop;
  await (await prepare(task, paths.slice(0, warmUp)))();
  const sendAll = await prepare(task, paths);
  return measureUsage(sendAll);
});

async function prepareUploader(
  { endpoint, concurrency }: SmallFilesTask,
  paths: readonly string[],
): Promise<() => Promise<void>> {
  const uploader = createUploader({ concurrency });
  const controlPlane = openCoordinator(endpoint);
  return async () => {
    await Promise.all(
      paths.map((path) => uploader.uploadFile(path, { controlPlane, key: keyOf(path) }).result),
    );
  };
}

/** The URLs are signed before and not measured. */
async function prepareLoop(
  { endpoint, concurrency }: SmallFilesTask,
  paths: readonly string[],
): Promise<() => Promise<void>> {
  if (concurrency === 'auto') throw new TypeError('the undici loop has no automatic concurrency');
  const store = createOssObjectStore({ region: REGION, bucket: BUCKET, endpoint, credentials: CREDENTIALS });
  const files = await Promise.all(
    paths.map(async (path) => {
      const { url } = await store.presign({ method: 'PUT', key: keyOf(path) });
      return { path, target: url.slice(endpoint.length) };
    }),
  );
  const pool = new Pool(endpoint, { connections: concurrency, pipelining: 1 });
  let next = 0;
  const sendNext = async (): Promise<void> => {
    for (let file = files[next++]; file !== undefined; file = files[next++]) {
      const put = { path: file.target, method: 'PUT', body: await readFile(file.path) } as const;
      const { statusCode, body } = await pool.request(put);
      if (statusCode !== 200) throw new Error(`the sink responded with ${statusCode}`);
      await body.dump();
    }
  };
  return async () => {
    await Promise.all(Array.from({ length: concurrency }, sendNext));
    await pool.close();
  };
}

function keyOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
