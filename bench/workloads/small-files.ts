// Many small files: through one uploader, or by a bare loop of presigned PUTs.
import { readFile } from 'node:fs/promises';
import { createOssObjectStore } from '@partway/core/oss';
import { createUploader } from '@partway/node';
import { Pool } from 'undici';
import { answering } from '../answering.ts';
import { BUCKET, CREDENTIALS, REGION } from '../clients/client.ts';
import { openCoordinator } from '../clients/partway.ts';
import { measureUsage, type Usage } from '../measure.ts';

export interface SmallFilesQuestion {
  readonly by: 'partway' | 'undici';
  readonly endpoint: string;
  readonly paths: readonly string[];
  /** Sent first, to warm up: so many of them. */
  readonly warmUp: number;
  readonly concurrency: number | 'auto';
}

answering(async (question: SmallFilesQuestion): Promise<Usage> => {
  const { by, paths, warmUp } = question;
  const prepare = by === 'partway' ? prepareUploader : prepareLoop;
  await (await prepare(question, paths.slice(0, warmUp)))();
  const sendAll = await prepare(question, paths);
  return measureUsage(sendAll);
});

async function prepareUploader(
  { endpoint, concurrency }: SmallFilesQuestion,
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

/** The URLs are signed before: somebody else's work. */
async function prepareLoop(
  { endpoint, concurrency }: SmallFilesQuestion,
  paths: readonly string[],
): Promise<() => Promise<void>> {
  if (concurrency === 'auto') throw new TypeError('a bare loop adapts to nothing');
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
      if (statusCode !== 200) throw new Error(`the sink answered ${statusCode}`);
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
