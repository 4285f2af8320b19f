import { UploadError } from '@partway/core';
import { errors } from 'undici';
import { expect, test } from 'vitest';
import { fileReadError, uploadErrorFromNode } from './node-error.ts';

function nodeError(code: string, cause?: unknown): Error {
  return Object.assign(new Error('https://secret.example/?signature=1', { cause }), { code });
}

test.each([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EPROTO',
  'HPE_INVALID_CONSTANT',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
])('%s is a transient network error', (code) => {
  const error = uploadErrorFromNode(nodeError(code));
  expect(error).toMatchObject({ code: 'network', disposition: 'transient' });
  expect(error.message).toContain(code);
  expect(error.message).not.toContain('secret');
});

test.each([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
])('%s is a permanent network error with a hint', (code) => {
  const error = uploadErrorFromNode(nodeError(code));
  expect(error).toMatchObject({ code: 'network', disposition: 'permanent' });
  expect(error.hint).toMatch(/\w+/);
});

test('a host that is not found has a hint about the endpoint', () => {
  expect(uploadErrorFromNode(nodeError('ENOTFOUND')).hint).toContain('endpoint');
});

test('the first known code among the causes decides', () => {
  const wrapped = new TypeError('fetch failed', {
    cause: nodeError('ERR_UNKNOWN', nodeError('ECONNREFUSED')),
  });
  expect(uploadErrorFromNode(wrapped).message).toContain('ECONNREFUSED');
});

test('of an AggregateError the first error decides', () => {
  const tried = new AggregateError([nodeError('ECONNREFUSED'), nodeError('ENETUNREACH')]);
  expect(uploadErrorFromNode(tried)).toMatchObject({ code: 'network', disposition: 'transient' });
});

test('an invalid request to undici is `internal`, not a network error', () => {
  expect(uploadErrorFromNode(new errors.InvalidArgumentError('bad header'))).toMatchObject({
    code: 'internal',
  });
});

test('an UploadError is returned unchanged, and circular causes end', () => {
  const uploadError = new UploadError({
    code: 'source_changed',
    message: 'it did',
    disposition: 'permanent',
  });
  expect(uploadErrorFromNode(uploadError)).toBe(uploadError);
  const circular = nodeError('ERR_UNKNOWN');
  circular.cause = circular;
  expect(uploadErrorFromNode(circular)).toMatchObject({ code: 'internal' });
});

test.each(['ENOENT', 'EACCES', 'EISDIR', 'EMFILE', 'EIO'])(
  'a file error %s is `source_unreadable` with a hint',
  (code) => {
    const error = fileReadError(nodeError(code));
    expect(error).toMatchObject({ code: 'source_unreadable', disposition: 'permanent' });
    expect(error.message).toContain(code);
    expect(error.hint).toMatch(/\w+/);
  },
);
