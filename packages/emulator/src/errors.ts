import { OssError } from './oss-error.ts';

/** The errors of OSS, in its own words (OSS.md, section 4.1). */

type Fields = readonly (readonly [name: string, value: string])[];

function error(status: number, code: string, message: string, ec?: string, fields: Fields = []): OssError {
  return new OssError({ status, code, message, fields, ...(ec === undefined ? {} : { ec }) });
}

export function invalidArgument(message: string, name: string, value: string, ec?: string): OssError {
  return error(400, 'InvalidArgument', message, ec, [
    ['ArgumentName', name],
    ['ArgumentValue', value],
  ]);
}

export function invalidPartNumber(value: string): OssError {
  const message = 'Part number must be an integer between 1 and 10000, inclusive.';
  return invalidArgument(message, 'PartNumber', value, '0017-00000220');
}

export function unexpectedQuery(): OssError {
  return error(400, 'InvalidArgument', 'Unexpected query string parameter', '0017-00000219', [
    ['ArgumentName', 'ResourceType'],
  ]);
}

export function completeAllWithBody(): OssError {
  const message = 'Should not speficy both complete all header and http body.';
  return invalidArgument(message, 'x-oss-complete-all', 'yes', '0042-00000216');
}

export function invalidDigest(): OssError {
  return error(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.');
}

/** The EC is known of Complete alone. */
export function malformedXml(ec?: string): OssError {
  const message =
    'The XML you provided was not well-formed or did not validate against our published schema.';
  return error(400, 'MalformedXML', message, ec);
}

export function invalidPartOrder(): OssError {
  const message =
    'The list of parts was not in ascending order. Parts list must specified in order by part number.';
  return error(400, 'InvalidPartOrder', message, '0042-00000209');
}

export function invalidPart(): OssError {
  const message =
    'One or more of the specified parts could not be found or the specified entity tag might not have ' +
    "matched the part's entity tag.";
  return error(400, 'InvalidPart', message);
}

export function entityTooSmall(): OssError {
  const message = 'Your proposed upload smaller than the minimum allowed size.';
  return error(400, 'EntityTooSmall', message, '0042-00000213');
}

export function entityTooLarge(): OssError {
  return error(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size.');
}

export function incompleteBody(): OssError {
  const message = 'You did not provide the number of bytes specified by the Content-Length HTTP header.';
  return error(400, 'IncompleteBody', message);
}

export function invalidCrc64(): OssError {
  return error(400, 'InvalidCRC64', 'The CRC64 you specified does not match what we received.');
}

export function invalidObjectName(): OssError {
  return error(400, 'InvalidObjectName', 'The specified object is not valid.');
}

export function invalidBucketName(name: string): OssError {
  return error(400, 'InvalidBucketName', 'The specified bucket is not valid.', '0015-00000001', [
    ['BucketName', name],
  ]);
}

export function invalidEncryption(): OssError {
  const message = 'The Encryption request you specified is not valid. Supported value: AES256/KMS/SM4.';
  return error(400, 'InvalidEncryptionAlgorithmError', message);
}

export function partNotSequential(): OssError {
  return error(400, 'PartNotSequential', 'The part number is not sequential.');
}

export function badPreflight(): OssError {
  const message =
    'Insufficient information. Origin request header needed and Access-Control-Request-Method request ' +
    'header needed.';
  return error(400, 'BadRequest', message);
}

export function notImplemented(header: string): OssError {
  const message = 'A header you provided implies functionality that is not implemented.';
  return error(400, 'NotImplemented', message, undefined, [['Header', header]]);
}

export function anonymousDenied(): OssError {
  return error(
    403,
    'AccessDenied',
    'You have no right to access this object because of bucket acl.',
    '0003-00000905',
  );
}

export function secondLevelDomainForbidden(): OssError {
  return error(403, 'SecondLevelDomainForbidden', 'Please use virtual hosted style to access.');
}

export function wrongEndpoint(bucket: string, endpoint: string): OssError {
  const message =
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send ' +
    'all future requests to this endpoint.';
  return error(403, 'AccessDenied', message, undefined, [
    ['Endpoint', endpoint],
    ['Bucket', bucket],
  ]);
}

export function corsForbidden(method: string, resourceType: 'OBJECT' | 'BUCKET'): OssError {
  const message =
    'CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, ' +
    'request method / Access-Control-Request-Method or Access-Control-Requet-Headers are not whitelisted ' +
    "by the resource's CORS spec.";
  return error(403, 'AccessForbidden', message, undefined, [
    ['Method', method],
    ['ResourceType', resourceType],
  ]);
}

export function noSuchUpload(uploadId: string, ec: string): OssError {
  const message =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been ' +
    'aborted or completed.';
  return error(404, 'NoSuchUpload', message, ec, [['UploadId', uploadId]]);
}

export function noSuchBucket(name: string): OssError {
  return error(404, 'NoSuchBucket', 'The specified bucket does not exist.', '0015-00000101', [
    ['BucketName', name],
  ]);
}

export function noSuchKey(key: string): OssError {
  return error(404, 'NoSuchKey', 'The specified key does not exist.', '0026-00000001', [['Key', key]]);
}

export function noSuchCors(): OssError {
  return error(404, 'NoSuchCORSConfiguration', 'The CORS Configuration does not exist.');
}

export function noSuchLifecycle(): OssError {
  return error(404, 'NoSuchLifecycle', 'No Row found in Lifecycle Table.');
}

export function methodNotAllowed(method: string, resourceType: string): OssError {
  const message = 'The specified method is not allowed against this resource.';
  return error(405, 'MethodNotAllowed', message, undefined, [
    ['Method', method],
    ['ResourceType', resourceType],
  ]);
}

export function bucketNotEmpty(name: string): OssError {
  const message = 'The bucket you tried to delete is not empty.';
  return error(409, 'BucketNotEmpty', message, undefined, [['BucketName', name]]);
}

export function fileAlreadyExists(): OssError {
  const message = 'The object you specified already exists and can not be overwritten.';
  return error(409, 'FileAlreadyExists', message, '0026-00000002');
}

export function partAlreadyExists(): OssError {
  return error(409, 'PartAlreadyExist', 'The specified part already exists.', '0042-00000108');
}

export function missingContentLength(): OssError {
  return error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
}

export function preconditionFailed(condition: string): OssError {
  const message = 'At least one of the pre-conditions you specified did not hold.';
  return error(412, 'PreconditionFailed', message, undefined, [['Condition', condition]]);
}

export function invalidRange(): OssError {
  return error(416, 'InvalidRange', 'The requested range cannot be satisfied.');
}

export function privateCallback(url: string): OssError {
  const message = 'Private address is forbidden to callback.';
  return invalidArgument(message, 'callbackUrl', url, '0007-00000008');
}

/** A status that looks like success: the object is stored. */
export function callbackFailed(message: string): OssError {
  return error(203, 'CallbackFailed', message, '0007-00000203');
}

export function internalError(): OssError {
  return error(500, 'InternalError', 'Please contact the server administrator, oss@service.aliyun.com.');
}
