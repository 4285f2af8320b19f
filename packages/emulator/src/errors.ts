import { OssError } from './oss-error.ts';

// The errors of OSS with its own messages (OSS.md, section 4.1).

type Fields = readonly (readonly [name: string, value: string])[];

function createError(
  status: number,
  code: string,
  message: string,
  ec?: string,
  fields: Fields = [],
): OssError {
  return new OssError({ status, code, message, fields, ...(ec === undefined ? {} : { ec }) });
}

export function invalidArgumentError(message: string, name: string, value: string, ec?: string): OssError {
  return createError(400, 'InvalidArgument', message, ec, [
    ['ArgumentName', name],
    ['ArgumentValue', value],
  ]);
}

export function invalidPartNumberError(value: string): OssError {
  const message = 'Part number must be an integer between 1 and 10000, inclusive.';
  return invalidArgumentError(message, 'PartNumber', value, '0017-00000220');
}

export function unexpectedQueryError(): OssError {
  return createError(400, 'InvalidArgument', 'Unexpected query string parameter', '0017-00000219', [
    ['ArgumentName', 'ResourceType'],
  ]);
}

export function completeAllWithBodyError(): OssError {
  const message = 'Should not speficy both complete all header and http body.';
  return invalidArgumentError(message, 'x-oss-complete-all', 'yes', '0042-00000216');
}

export function invalidDigestError(): OssError {
  return createError(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.');
}

/** The EC is known only for Complete. */
export function malformedXmlError(ec?: string): OssError {
  const message =
    'The XML you provided was not well-formed or did not validate against our published schema.';
  return createError(400, 'MalformedXML', message, ec);
}

export function invalidPartOrderError(): OssError {
  const message =
    'The list of parts was not in ascending order. Parts list must specified in order by part number.';
  return createError(400, 'InvalidPartOrder', message, '0042-00000209');
}

export function invalidPartError(): OssError {
  const message =
    'One or more of the specified parts could not be found or the specified entity tag might not have ' +
    "matched the part's entity tag.";
  return createError(400, 'InvalidPart', message);
}

export function entityTooSmallError(): OssError {
  const message = 'Your proposed upload smaller than the minimum allowed size.';
  return createError(400, 'EntityTooSmall', message, '0042-00000213');
}

export function entityTooLargeError(): OssError {
  return createError(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size.');
}

export function incompleteBodyError(): OssError {
  const message = 'You did not provide the number of bytes specified by the Content-Length HTTP header.';
  return createError(400, 'IncompleteBody', message);
}

export function invalidCrc64Error(): OssError {
  return createError(400, 'InvalidCRC64', 'The CRC64 you specified does not match what we received.');
}

export function invalidObjectNameError(): OssError {
  return createError(400, 'InvalidObjectName', 'The specified object is not valid.');
}

export function invalidBucketNameError(name: string): OssError {
  return createError(400, 'InvalidBucketName', 'The specified bucket is not valid.', '0015-00000001', [
    ['BucketName', name],
  ]);
}

export function invalidEncryptionError(): OssError {
  const message = 'The Encryption request you specified is not valid. Supported value: AES256/KMS/SM4.';
  return createError(400, 'InvalidEncryptionAlgorithmError', message);
}

export function partNotSequentialError(): OssError {
  return createError(400, 'PartNotSequential', 'The part number is not sequential.');
}

export function invalidPreflightError(): OssError {
  const message =
    'Insufficient information. Origin request header needed and Access-Control-Request-Method request ' +
    'header needed.';
  return createError(400, 'BadRequest', message);
}

export function notImplementedError(header: string): OssError {
  const message = 'A header you provided implies functionality that is not implemented.';
  return createError(400, 'NotImplemented', message, undefined, [['Header', header]]);
}

export function anonymousAccessError(): OssError {
  return createError(
    403,
    'AccessDenied',
    'You have no right to access this object because of bucket acl.',
    '0003-00000905',
  );
}

export function secondLevelDomainForbiddenError(): OssError {
  return createError(403, 'SecondLevelDomainForbidden', 'Please use virtual hosted style to access.');
}

export function endpointMismatchError(bucket: string, endpoint: string): OssError {
  const message =
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send ' +
    'all future requests to this endpoint.';
  return createError(403, 'AccessDenied', message, undefined, [
    ['Endpoint', endpoint],
    ['Bucket', bucket],
  ]);
}

export function corsForbiddenError(method: string, resourceType: 'OBJECT' | 'BUCKET'): OssError {
  const message =
    'CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, ' +
    'request method / Access-Control-Request-Method or Access-Control-Requet-Headers are not whitelisted ' +
    "by the resource's CORS spec.";
  return createError(403, 'AccessForbidden', message, undefined, [
    ['Method', method],
    ['ResourceType', resourceType],
  ]);
}

export function noSuchUploadError(uploadId: string, ec: string): OssError {
  const message =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been ' +
    'aborted or completed.';
  return createError(404, 'NoSuchUpload', message, ec, [['UploadId', uploadId]]);
}

export function noSuchBucketError(name: string): OssError {
  return createError(404, 'NoSuchBucket', 'The specified bucket does not exist.', '0015-00000101', [
    ['BucketName', name],
  ]);
}

export function noSuchKeyError(key: string): OssError {
  return createError(404, 'NoSuchKey', 'The specified key does not exist.', '0026-00000001', [['Key', key]]);
}

export function noSuchCorsError(): OssError {
  return createError(404, 'NoSuchCORSConfiguration', 'The CORS Configuration does not exist.');
}

export function noSuchLifecycleError(): OssError {
  return createError(404, 'NoSuchLifecycle', 'No Row found in Lifecycle Table.');
}

export function methodNotAllowedError(method: string, resourceType: string): OssError {
  const message = 'The specified method is not allowed against this resource.';
  return createError(405, 'MethodNotAllowed', message, undefined, [
    ['Method', method],
    ['ResourceType', resourceType],
  ]);
}

export function bucketNotEmptyError(name: string): OssError {
  const message = 'The bucket you tried to delete is not empty.';
  return createError(409, 'BucketNotEmpty', message, undefined, [['BucketName', name]]);
}

export function fileAlreadyExistsError(): OssError {
  const message = 'The object you specified already exists and can not be overwritten.';
  return createError(409, 'FileAlreadyExists', message, '0026-00000002');
}

export function partAlreadyExistsError(): OssError {
  return createError(409, 'PartAlreadyExist', 'The specified part already exists.', '0042-00000108');
}

export function missingContentLengthError(): OssError {
  return createError(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
}

export function preconditionFailedError(condition: string): OssError {
  const message = 'At least one of the pre-conditions you specified did not hold.';
  return createError(412, 'PreconditionFailed', message, undefined, [['Condition', condition]]);
}

export function invalidRangeError(): OssError {
  return createError(416, 'InvalidRange', 'The requested range cannot be satisfied.');
}

export function privateCallbackError(url: string): OssError {
  const message = 'Private address is forbidden to callback.';
  return invalidArgumentError(message, 'callbackUrl', url, '0007-00000008');
}

/** The status is one of success, because the object is stored. */
export function callbackFailedError(message: string): OssError {
  return createError(203, 'CallbackFailed', message, '0007-00000203');
}

export function internalError(): OssError {
  return createError(
    500,
    'InternalError',
    'Please contact the server administrator, oss@service.aliyun.com.',
  );
}
