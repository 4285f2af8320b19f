import { createReadStream } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { BUCKET, CREDENTIALS, type CreateSender, REGION } from './client.ts';

/** The SDK with its defaults, which include a CRC32 of each part. */
export const createSender: CreateSender = (endpoint) => {
  const { accessKeyId, accessKeySecret: secretAccessKey } = CREDENTIALS;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region: REGION, forcePathStyle: true, credentials });
  return async ({ path, key, partSize, concurrency }) => {
    const params = { Bucket: BUCKET, Key: key, Body: createReadStream(path) };
    await new Upload({ client, params, partSize, queueSize: Number(concurrency) }).done();
  };
};
