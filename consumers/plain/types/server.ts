// The code of a Node service, with every entry that needs no optional peer. Compiled only.
import type { IncomingMessage } from 'node:http';
import {
  type ControlPlane,
  combineCrc64,
  createHttpControlPlane,
  logUploads,
  type UploadErrorCode,
  type UploadEvent,
  type UploadedObject,
} from '@partway/core';
import {
  type Authorize,
  type CoordinatorOptions,
  createCoordinator,
  createCoordinatorHandler,
  createInMemoryCounterStore,
  type Policy,
  sweep,
} from '@partway/core/coordinator';
import { type Check, examineBucket } from '@partway/core/doctor';
import {
  callback,
  createOssObjectStore,
  explainSignatureMismatch,
  presign,
  presignParts,
} from '@partway/core/oss';
import {
  type CheckpointStore,
  createInMemoryCheckpoints,
  systemClock,
  type Transport,
} from '@partway/core/ports';
import { checkpointStoreConformance, createInMemorySource, createVirtualClock } from '@partway/core/testing';
import { type FaultRule, type OssEmulator, startOssEmulator } from '@partway/emulator';
import {
  createFileCheckpoints,
  createUndiciFetch,
  createUndiciTransport,
  createUploader,
  listUnfinishedUploads,
  resumeUpload,
  UploadError,
  uploadFile,
  uploadStream,
} from '@partway/node';
import { createCallbackVerifier } from '@partway/node/callback';

// Values of the environment may be undefined, which every option treats as absent.
const { OSS_ENDPOINT: endpoint, OSS_SECURITY_TOKEN: securityToken, TOKEN_KEY } = process.env;
const partSize: number | undefined = Number(process.env.PART_SIZE) || undefined;
const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK', securityToken };
const bucket = { region: 'cn-hangzhou', bucket: 'media', endpoint, credentials };
const policy: Policy = { sizeMax: 1024 ** 4, contentTypes: ['video/*'] };

const authorize: Authorize<Request> = ({ name }, { principal }) =>
  principal === undefined ? { refused: 'Log in, please.' } : { key: `${principal}/${name}` };

export const coordinator = createCoordinator({
  store: createOssObjectStore({ ...bucket, fetch: createUndiciFetch() }),
  tokenKeys: TOKEN_KEY === undefined ? undefined : [{ kid: '1', key: Buffer.from(TOKEN_KEY, 'base64') }],
  identify: ({ headers }) => headers.get('authorization') ?? undefined,
  authorize,
  policy,
  hooks: { completed: (object: UploadedObject, { id }) => console.log(object.key, object.versionId, id) },
  callback: callback({ url: 'https://example.com/stored', body: 'a body', host: undefined }),
  counters: createInMemoryCounterStore(systemClock),
});
export const handler: (request: Request) => Promise<Response> = createCoordinatorHandler(coordinator, {
  basePath: '/uploads',
  cors: { origins: ['https://app.example.com'] },
});
export const withoutOptions: Partial<CoordinatorOptions> = {
  policy: undefined,
  hooks: { completed: undefined },
};

export const controlPlane: ControlPlane = createHttpControlPlane('https://example.com/uploads', {
  headers: async () => ({ authorization: 'Bearer wei' }),
  credentials: 'include',
  fetch: (url, init) => fetch(url, init),
});

export async function upload(path: string, stop?: AbortSignal): Promise<UploadErrorCode | undefined> {
  const checkpoints: CheckpointStore = createFileCheckpoints('./checkpoints');
  const transport: Transport = createUndiciTransport();
  const onEvent = (event: UploadEvent): void => {
    if (event.type === 'part-attempt') console.log(event.partNumber);
  };
  const options = { controlPlane, key: 'a', partSize, checkpoints, transport, onEvent, signal: stop };
  const started = uploadFile(path, { ...options, concurrency: 'auto', retry: { attemptsMax: undefined } });
  const unsubscribe = started.subscribe(() => console.log(started.snapshot().bytesPerSecond?.toFixed()));
  try {
    await started.result;
    await uploadStream(process.stdin, { controlPlane, key: 'b', onEvent: logUploads(console.log) }).result;
    const [unfinished] = await listUnfinishedUploads(checkpoints);
    if (unfinished !== undefined)
      await (await resumeUpload(unfinished.id, { controlPlane, checkpoints })).result;
    await createUploader({ filesMax: 4 }).uploadFile(path, { controlPlane, key: 'c' }).result;
    return undefined;
  } catch (error) {
    if (error instanceof UploadError) return error.code;
    throw error;
  } finally {
    unsubscribe();
  }
}

export async function operate(request: IncomingMessage): Promise<readonly Check[]> {
  const { url, headers } = presign({ ...bucket, method: 'GET', key: 'a', expiresInSeconds: 60 });
  const parts = presignParts({
    ...bucket,
    key: 'a',
    uploadId: 'u',
    partNumbers: [1, 2],
    expiresInSeconds: 60,
  });
  console.log(url, headers, parts[0]?.url, combineCrc64([{ crc64: '0', size: 0 }]));
  const report = await sweep(createOssObjectStore(bucket), { olderThanMs: 86_400_000, isLive: undefined });
  console.log(report, request.url, createCallbackVerifier({ keyTimeoutMs: undefined }));
  return await examineBucket({ ...bucket, origin: 'https://app.example.com' });
}

export async function develop(): Promise<void> {
  const emulator: OssEmulator = await startOssEmulator({ credentials });
  const rule: FaultRule = {
    operation: 'UploadPart',
    effect: { kind: 'refuse', code: 'InternalError', status: 500 },
  };
  emulator.faults.add(rule);
  const chunkSize: number | undefined = undefined;
  const source = createInMemorySource(new Uint8Array(9), { chunkSize });
  console.log(
    source.size,
    createVirtualClock(0).now(),
    createInMemoryCheckpoints(),
    explainSignatureMismatch,
  );
  console.log(checkpointStoreConformance.name);
  await emulator.close();
}
