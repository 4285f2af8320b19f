import { invalidObjectNameError, methodNotAllowedError } from '../errors.ts';
import { readXmlBody } from '../http/body.ts';
import { emptyResponse, type OperationResponse, xmlTextResponse } from '../http/response.ts';
import { type Bucket, type OssState, requireBucket } from '../storage/state.ts';
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
import { createPreflightHeaders, deleteCors, getCors, putCors } from './cors.ts';
import { deleteLifecycle, getLifecycle, putLifecycle } from './lifecycle.ts';
import { listObjects, listObjectsV2, listUploads } from './listings.ts';
import { abortMultipartUpload, initiateMultipartUpload, listParts, uploadPart } from './multipart.ts';
import { requireVersion } from './object-versions.ts';
import { deleteMultipleObjects, deleteObject, getObject, putObject } from './objects.ts';

/** Carries out an authenticated request. */
export async function performOperation(
  state: OssState,
  callbacks: Callbacks,
  request: OssRequest,
  target: OssTarget,
): Promise<OperationResponse> {
  const operation = OPERATIONS[target.operation];
  const parameters = new Map(target.query);
  const { bucket, key } = target;
  if (key !== undefined) assertObjectName(key);
  return operation({
    state,
    callbacks,
    request,
    target,
    parameters,
    bucketName: bucket ?? '',
    key: key ?? '',
  });
}

interface OperationContext {
  readonly state: OssState;
  readonly callbacks: Callbacks;
  readonly request: OssRequest;
  readonly target: OssTarget;
  readonly parameters: QueryParameters;
  readonly bucketName: string;
  readonly key: string;
}

type Result = OperationResponse | Promise<OperationResponse>;
type Operation = (context: OperationContext) => Result;

/** An operation on a bucket that must exist. */
function onBucket(operate: (bucket: Bucket, context: OperationContext) => Result): Operation {
  return (context) => operate(requireBucket(context.state, context.bucketName), context);
}

const getAnyObject: Operation = onBucket((bucket, { state, key, request, parameters }) =>
  getObject(state, bucket, key, request, parameters),
);

/** All operations by name. */
const OPERATIONS: Readonly<Record<OssOperation, Operation>> = {
  InitiateMultipartUpload: onBucket((bucket, { state, key, request, parameters }) =>
    initiateMultipartUpload(state, bucket, key, request, parameters),
  ),
  UploadPart: onBucket((bucket, { state, key, request, parameters }) =>
    uploadPart(state, bucket, key, request, parameters),
  ),
  UploadPartCopy: onBucket((bucket, { state, key, request, parameters }) =>
    uploadPartCopy(state, bucket, key, request, parameters),
  ),
  ListParts: onBucket((bucket, { key, parameters }) => listParts(bucket, key, parameters)),
  CompleteMultipartUpload: onBucket((bucket, { state, key, request, parameters, callbacks }) =>
    completeMultipartUpload(state, bucket, key, request, parameters, callbacks),
  ),
  AbortMultipartUpload: onBucket((bucket, { state, key, parameters }) =>
    abortMultipartUpload(state, bucket, key, parameters),
  ),
  ListMultipartUploads: onBucket((bucket, { parameters }) =>
    xmlTextResponse(listUploads(bucket, parameters)),
  ),
  PutObject: onBucket((bucket, { state, key, request, parameters, callbacks }) =>
    putObject(state, bucket, key, request, parameters, callbacks),
  ),
  GetObject: getAnyObject,
  HeadObject: getAnyObject,
  GetObjectMeta: getAnyObject,
  CopyObject: onBucket((bucket, { state, key, request }) => copyObject(state, bucket, key, request)),
  DeleteObject: onBucket((bucket, { state, key, parameters }) =>
    deleteObject(state, bucket, key, parameters.get('versionId')),
  ),
  DeleteMultipleObjects: async ({ state, bucketName, request, parameters }) => {
    const xml = await readXmlBody(request);
    return deleteMultipleObjects(state, requireBucket(state, bucketName), xml, parameters);
  },
  ListObjects: onBucket((bucket, { parameters }) => xmlTextResponse(listObjects(bucket, parameters))),
  ListObjectsV2: onBucket((bucket, { parameters }) => xmlTextResponse(listObjectsV2(bucket, parameters))),
  PutBucket: async ({ state, bucketName, request }) => {
    const bucket = putBucket(state, bucketName, await readXmlBody(request));
    await state.records.saveBucket(bucket);
    return emptyResponse(200, { Location: `/${bucketName}` });
  },
  HeadBucket: onBucket((_, { state }) =>
    emptyResponse(200, { 'x-oss-bucket-region': `oss-${state.region}` }),
  ),
  DeleteBucket: onBucket(async (bucket, { state, bucketName }) => {
    deleteBucket(state, bucketName);
    await state.records.removeBucket(bucket);
    return emptyResponse(204);
  }),
  GetBucketAcl: onBucket(() => xmlTextResponse(accessControlPolicy('private'))),
  GetObjectAcl: onBucket((bucket, { key, parameters }) => {
    requireVersion(bucket, key, parameters.get('versionId'));
    return xmlTextResponse(accessControlPolicy('default'));
  }),
  GetBucketVersioning: onBucket((bucket) => xmlTextResponse(getVersioning(bucket))),
  PutBucketVersioning: putConfiguration(putVersioning),
  GetBucketInfo: onBucket((bucket, { state, request }) =>
    xmlTextResponse(getBucketInfo(state, bucket, request.headers.host ?? '')),
  ),
  GetBucketLocation: onBucket((_, { state }) => xmlTextResponse(getBucketLocation(state))),
  ListBuckets: ({ state, parameters }) => xmlTextResponse(listBuckets(state, parameters)),
  PutBucketCors: putConfiguration(putCors),
  GetBucketCors: onBucket((bucket) => xmlTextResponse(getCors(bucket))),
  DeleteBucketCors: deleteConfiguration(deleteCors),
  PutBucketLifecycle: putConfiguration(putLifecycle),
  GetBucketLifecycle: onBucket((bucket) => xmlTextResponse(getLifecycle(bucket))),
  DeleteBucketLifecycle: deleteConfiguration(deleteLifecycle),
  OptionObject: onBucket((bucket, { request }) =>
    emptyResponse(200, createPreflightHeaders(bucket, request)),
  ),
  Unknown: ({ request, target }) => {
    throw methodNotAllowedError(request.method, findResourceType(target));
  },
};

function putConfiguration(put: (bucket: Bucket, xml: string) => void): Operation {
  return onBucket(async (bucket, { state, request }) => {
    put(bucket, await readXmlBody(request));
    await state.records.saveBucket(bucket);
    return emptyResponse(200);
  });
}

function deleteConfiguration(remove: (bucket: Bucket) => void): Operation {
  return onBucket(async (bucket, { state }) => {
    remove(bucket);
    await state.records.saveBucket(bucket);
    return emptyResponse(204);
  });
}

function findResourceType({ bucket, key }: OssTarget): string {
  if (key !== undefined) return 'OBJECT';
  return bucket === undefined ? 'SERVICE' : 'BUCKET';
}

function assertObjectName(key: string): void {
  if (Buffer.byteLength(key) > 1023 || /^[/\\]/.test(key)) throw invalidObjectNameError();
}
