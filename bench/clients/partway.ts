import type { UploadOptions } from '@partway/core';
import { type Coordinator, createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { createUndiciFetch, uploadFile } from '@partway/node';
import { BUCKET, CREDENTIALS, type CreateSender, REGION } from './client.ts';

/** Partway with its defaults, proof included, and the coordinator in the same process. */
export const createSender: CreateSender = (endpoint) => {
  const controlPlane = openCoordinator(endpoint);
  return async ({ path, key, partSize, concurrency: given }) => {
    // A version without `auto` throws a RangeError.
    const concurrency = given as UploadOptions['concurrency'];
    await uploadFile(path, { controlPlane, key, partSize, concurrency }).result;
  };
};

export function openCoordinator(endpoint: string): Coordinator {
  const options = { region: REGION, bucket: BUCKET, endpoint, credentials: CREDENTIALS };
  const store = createOssObjectStore({ ...options, fetch: createUndiciFetch() });
  return createCoordinator({ store });
}
