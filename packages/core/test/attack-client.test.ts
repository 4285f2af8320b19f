import {
  type ControlPlane,
  createHttpControlPlane,
  startUpload,
  systemClock,
  systemRandom,
  type Upload,
  type UploadOptions,
} from '@partway/core';
import { createInMemoryCheckpoints, createInMemorySource } from '@partway/core/testing';
import { expect, test } from 'vitest';
import { BUCKET, type CoordinatorStage, createStage } from './coordinator-stage.ts';

const { signal } = new AbortController();
const PART = 102_400;
const content = new Uint8Array(3 * PART).fill(7);
const request = { key: 'a', size: 3 * PART, partSize: PART, object: {}, signal };

function upload(
  { transport }: CoordinatorStage,
  controlPlane: ControlPlane,
  options: Partial<UploadOptions> = {},
): Upload {
  const openSource = async () => createInMemorySource(content);
  const ports = { openSource, transport, controlPlane, checkpoints: undefined };
  return startUpload(
    { ...ports, clock: systemClock, random: systemRandom },
    { key: 'a', partSize: PART, ...options },
  );
}

test('a file of which the browser knows no type is uploaded without one', async () => {
  const declared: (string | undefined)[] = [];
  const stage = createStage({
    authorize({ contentType }) {
      declared.push(contentType);
      return { key: 'a' };
    },
  });
  await upload(stage, stage.clientOf('wei'), { contentType: '' }).result;
  expect(declared).toEqual([undefined]);
  expect(stage.model.object(BUCKET, 'a')?.headers).not.toHaveProperty('content-type');
});

test.each([-5000, 1e12])('a clock that was set by %s ms between two tries fails no upload', async (lostForMs) => {
  const stage = createStage();
  expect(await stage.clientOf('wei').initiate({ ...request, lostForMs })).toMatchObject({ key: 'wei/a' });
});

test.each([
  ['a session that ends', 401],
  ['a gate that answers in between', 403],
  ['a coordinator that is not there for a while', 404],
])('%s leaves the upload to be gone on with', async (_, status) => {
  const stage = createStage();
  let isOver = false;
  const plane = createHttpControlPlane('https://app.test/uploads', {
    headers: { 'x-session': 'wei' },
    async fetch(url, init) {
      const isRefused = isOver && url.endsWith('/presign-parts');
      return isRefused ? new Response('', { status }) : stage.handler(new Request(url, init));
    },
  });
  const checkpoints = createInMemoryCheckpoints();
  const start = () =>
    startUpload(
      {
        openSource: async () => createInMemorySource(content),
        transport: stage.transport,
        controlPlane: plane,
        checkpoints,
        clock: systemClock,
        random: systemRandom,
      },
      { key: 'a', partSize: PART, concurrency: 1 },
    );
  isOver = true;
  await expect(start().result).rejects.toMatchObject({ disposition: 'permanent', context: { status } });
  expect(stage.model.uploads(BUCKET)).toHaveLength(1);
  isOver = false;
  stage.operations.length = 0;
  expect(await start().result).toMatchObject({ key: 'wei/a', size: content.length });
  expect(stage.operations).not.toContain('InitiateMultipartUpload');
  expect(stage.operations.filter((name) => name === 'UploadPart')).toHaveLength(1);
});
