import { invalidObjectName, methodNotAllowed } from '../errors.ts';
import { readXmlBody } from '../http/body.ts';
import { type Answer, emptyAnswer, xmlTextAnswer } from '../http/response.ts';
import { type Bucket, bucketOf, type OssState } from '../storage/state.ts';
import type { OssOperation, OssRequest, OssTarget, QueryParameters } from '../types.ts';
import {
  accessControlPolicy,
  deleteBucket,
  getBucketInfo,
  getBucketLocation,
  getVersioning,
  listBuckets,
  putBucket,
  putVersioning,
} from './buckets.ts';
import type { Callbacks } from './callback.ts';
import { completeMultipartUpload } from './complete.ts';
import { copyObject, uploadPartCopy } from './copying.ts';
import { deleteCors, getCors, preflight, putCors } from './cors.ts';
import { deleteMultipleObjects } from './delete-multiple.ts';
import { deleteLifecycle, getLifecycle, putLifecycle } from './lifecycle.ts';
import { listObjects, listObjectsV2, listUploads } from './listings.ts';
import { abortMultipartUpload, initiateMultipartUpload, listParts, uploadPart } from './multipart.ts';
import { deleteObject, getObject, putObject, versionOf } from './objects.ts';

/** Carries out a request that has shown it may be. */
export async function perform(
  state: OssState,
  callbacks: Callbacks,
  request: OssRequest,
  target: OssTarget,
): Promise<Answer> {
  const operate = OPERATIONS[target.operation];
  const parameters = new Map(target.query);
  const { bucket, key } = target;
  if (key !== undefined) assertObjectName(key);
  return operate({ state, callbacks, request, target, parameters, bucketName: bucket ?? '', key: key ?? '' });
}

interface Asked {
  readonly state: OssState;
  readonly callbacks: Callbacks;
  readonly request: OssRequest;
  readonly target: OssTarget;
  readonly parameters: QueryParameters;
  readonly bucketName: string;
  readonly key: string;
}

type Operate = (asked: Asked) => Answer | Promise<Answer>;

/** Every operation, by name. */
const OPERATIONS: Readonly<Record<OssOperation, Operate>> = {
  InitiateMultipartUpload: (asked) =>
    initiateMultipartUpload(asked.state, existing(asked), asked.key, asked.request, asked.parameters),
  UploadPart: (asked) => uploadPart(asked.state, existing(asked), asked.key, asked.request, asked.parameters),
  UploadPartCopy: (asked) =>
    uploadPartCopy(asked.state, existing(asked), asked.key, asked.request, asked.parameters),
  ListParts: (asked) => listParts(existing(asked), asked.key, asked.parameters),
  CompleteMultipartUpload: (asked) => {
    const { state, key, request, parameters, callbacks } = asked;
    return completeMultipartUpload(state, existing(asked), key, request, parameters, callbacks);
  },
  AbortMultipartUpload: (asked) =>
    abortMultipartUpload(asked.state, existing(asked), asked.key, asked.parameters),
  ListMultipartUploads: (asked) => xmlTextAnswer(listUploads(existing(asked), asked.parameters)),
  PutObject: (asked) => {
    const { state, key, request, parameters, callbacks } = asked;
    return putObject(state, existing(asked), key, request, parameters, callbacks);
  },
  GetObject: (asked) => getObject(asked.state, existing(asked), asked.key, asked.request, asked.parameters),
  HeadObject: (asked) => getObject(asked.state, existing(asked), asked.key, asked.request, asked.parameters),
  GetObjectMeta: (asked) =>
    getObject(asked.state, existing(asked), asked.key, asked.request, asked.parameters),
  CopyObject: (asked) => copyObject(asked.state, existing(asked), asked.key, asked.request),
  DeleteObject: (asked) =>
    deleteObject(asked.state, existing(asked), asked.key, asked.parameters.get('versionId')),
  DeleteMultipleObjects: async (asked) => {
    const xml = await readXmlBody(asked.request);
    return deleteMultipleObjects(asked.state, existing(asked), xml, asked.parameters);
  },
  ListObjects: (asked) => xmlTextAnswer(listObjects(existing(asked), asked.parameters)),
  ListObjectsV2: (asked) => xmlTextAnswer(listObjectsV2(existing(asked), asked.parameters)),
  PutBucket: async ({ state, bucketName, request }) => {
    const bucket = putBucket(state, bucketName, await readXmlBody(request));
    await state.records.saveBucket(bucket);
    return emptyAnswer(200, { Location: `/${bucketName}` });
  },
  HeadBucket: (asked) => {
    existing(asked);
    return emptyAnswer(200, { 'x-oss-bucket-region': `oss-${asked.state.region}` });
  },
  DeleteBucket: async (asked) => {
    const bucket = existing(asked);
    deleteBucket(asked.state, asked.bucketName);
    await asked.state.records.removeBucket(bucket);
    return emptyAnswer(204);
  },
  GetBucketAcl: (asked) => {
    existing(asked);
    return xmlTextAnswer(accessControlPolicy('private'));
  },
  GetObjectAcl: (asked) => {
    versionOf(existing(asked), asked.key, asked.parameters.get('versionId'));
    return xmlTextAnswer(accessControlPolicy('default'));
  },
  GetBucketVersioning: (asked) => xmlTextAnswer(getVersioning(existing(asked))),
  PutBucketVersioning: (asked) => configured(asked, putVersioning),
  GetBucketInfo: (asked) =>
    xmlTextAnswer(getBucketInfo(asked.state, existing(asked), asked.request.headers.host ?? '')),
  GetBucketLocation: (asked) => {
    existing(asked);
    return xmlTextAnswer(getBucketLocation(asked.state));
  },
  ListBuckets: ({ state, parameters }) => xmlTextAnswer(listBuckets(state, parameters)),
  PutBucketCors: (asked) => configured(asked, putCors),
  GetBucketCors: (asked) => xmlTextAnswer(getCors(existing(asked))),
  DeleteBucketCors: (asked) => unconfigured(asked, deleteCors),
  PutBucketLifecycle: (asked) => configured(asked, putLifecycle),
  GetBucketLifecycle: (asked) => xmlTextAnswer(getLifecycle(existing(asked))),
  DeleteBucketLifecycle: (asked) => unconfigured(asked, deleteLifecycle),
  OptionObject: (asked) => emptyAnswer(200, preflight(existing(asked), asked.request)),
  Unknown: ({ request, target }) => {
    throw methodNotAllowed(request.method, resourceTypeOf(target));
  },
};

function resourceTypeOf({ bucket, key }: OssTarget): string {
  if (key !== undefined) return 'OBJECT';
  return bucket === undefined ? 'SERVICE' : 'BUCKET';
}

function existing({ state, bucketName }: Asked): Bucket {
  return bucketOf(state, bucketName);
}

async function configured(asked: Asked, put: (bucket: Bucket, xml: string) => void): Promise<Answer> {
  const bucket = existing(asked);
  put(bucket, await readXmlBody(asked.request));
  await asked.state.records.saveBucket(bucket);
  return emptyAnswer(200);
}

async function unconfigured(asked: Asked, remove: (bucket: Bucket) => void): Promise<Answer> {
  const bucket = existing(asked);
  remove(bucket);
  await asked.state.records.saveBucket(bucket);
  return emptyAnswer(204);
}

function assertObjectName(key: string): void {
  if (Buffer.byteLength(key) > 1023 || /^[/\\]/.test(key)) throw invalidObjectName();
}
