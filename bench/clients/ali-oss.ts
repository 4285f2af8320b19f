import OSS from 'ali-oss';
import { BUCKET, CREDENTIALS, type CreateSender, REGION } from './client.ts';

export const createSender: CreateSender = (endpoint) => {
  const client = new OSS({ ...CREDENTIALS, region: `oss-${REGION}`, bucket: BUCKET, endpoint });
  return async ({ path, key, partSize, concurrency }) => {
    await client.multipartUpload(key, path, { partSize, parallel: Number(concurrency) });
  };
};
