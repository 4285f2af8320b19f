import { expect, test } from 'vitest';
import { UploadError } from './errors.ts';
import { type LogRecord, logRecord, logUploads } from './log-record.ts';
import type { UploadFact } from './upload/progress/events.ts';

const opened: UploadFact = {
  type: 'opened',
  bucket: 'media',
  key: 'movies/1.mp4',
  uploadId: 'U1',
  size: 300,
  partSize: 100,
  partCount: 3,
};
const object = { bucket: 'media', key: 'movies/1.mp4', size: 300, crc64: '7', etag: 'E', requestId: 'R' };

function failure(message: string, code: UploadError['code'] = 'throttled'): UploadError {
  const context = { operation: 'UploadPart', partNumber: 2, attempt: 3, status: 503, requestId: 'R' };
  return new UploadError({ code, message, disposition: 'transient', context, hint: 'Wait.' });
}

function recordOf(fact: UploadFact): LogRecord | undefined {
  return logRecord({ ...fact, at: 5 });
}

test.each<[UploadFact, string]>([
  [opened, 'info'],
  [{ type: 'part-attempt', partNumber: 1, attempt: 1 }, 'debug'],
  [{ type: 'part-confirmed', partNumber: 1, size: 100, crc64: '7' }, 'debug'],
  [{ type: 'retrying', error: failure('busy'), delayMs: 10 }, 'warn'],
  [{ type: 'headers-hidden', names: ['x-oss-request-id', 'x-oss-hash-crc64ecma'] }, 'warn'],
  [{ type: 'checkpoint-set-aside', id: 'a' }, 'warn'],
  [{ type: 'paused' }, 'info'],
  [{ type: 'resumed' }, 'info'],
  [{ type: 'completing' }, 'info'],
  [{ type: 'completed', object }, 'info'],
  [{ type: 'failed', error: failure('busy') }, 'error'],
  [{ type: 'failed', error: failure('by its caller', 'aborted') }, 'info'],
  [{ type: 'cleanup-failed', error: failure('busy') }, 'error'],
])('$type becomes a flat record with a level and a message', (fact, level) => {
  const record = recordOf(fact);
  expect(record).toMatchObject({ level, event: fact.type, at: 5, message: expect.stringMatching(/\w{4}/) });
  const kinds = new Set(Object.values(record ?? {}).map((value) => typeof value));
  expect([...kinds].filter((kind) => !['string', 'number', 'boolean'].includes(kind))).toEqual([]);
});

test('part-progress has no record', () => {
  expect(recordOf({ type: 'part-progress', partNumber: 1, sentBytes: 5 })).toBeUndefined();
});

test('an error adds its codes, numbers and hint to the record', () => {
  expect(recordOf({ type: 'retrying', error: failure('OSS is busy'), delayMs: 10 })).toEqual({
    level: 'warn',
    event: 'retrying',
    at: 5,
    message: '[throttled] OSS is busy',
    code: 'throttled',
    disposition: 'transient',
    operation: 'UploadPart',
    partNumber: 2,
    attempt: 3,
    status: 503,
    requestId: 'R',
    hint: 'Wait.',
    delayMs: 10,
  });
});

test.each([
  'https://media.oss-cn-hangzhou.aliyuncs.com/a?x-oss-signature=0f',
  '/a?partNumber=1&x-oss-signature=0f',
  'the token eyJhbGciOiJkaXIifQ.abc.def was refused',
  'uploadToken: abc',
  'accessKeySecret="abc"',
  'Authorization: Bearer abc',
])('a message or hint that may contain a secret is omitted: %s', (text) => {
  const error = UploadError.from(new Error(text));
  const record = recordOf({ type: 'failed', error });
  expect(record).toMatchObject({
    code: 'internal',
    message: '[internal] (the message may contain a secret)',
  });
  const hinted = new UploadError({ code: 'network', message: 'gone', disposition: 'transient', hint: text });
  expect(recordOf({ type: 'failed', error: hinted })).not.toHaveProperty('hint');
});

test('a name of an unexpected form is omitted', () => {
  const context = { requestId: 'https://a.example/', ossCode: 'x'.repeat(65), operation: 'complete' };
  const error = new UploadError({ code: 'network', message: 'gone', disposition: 'transient', context });
  const record = recordOf({ type: 'failed', error });
  expect(record).toMatchObject({ operation: 'complete' });
  expect(record).not.toHaveProperty('requestId');
  expect(record).not.toHaveProperty('ossCode');
});

test('each record of an upload names the object as soon as it is known', () => {
  const records: LogRecord[] = [];
  const onEvent = logUploads((record) => records.push(record));
  const facts: UploadFact[] = [{ type: 'checkpoint-set-aside', id: 'a' }, opened, { type: 'paused' }];
  for (const fact of [...facts, { type: 'part-progress', partNumber: 1, sentBytes: 5 } as const])
    onEvent({ ...fact, at: 5 });
  expect(records.map(({ event, uploadId }) => [event, uploadId])).toEqual([
    ['checkpoint-set-aside', undefined],
    ['opened', 'U1'],
    ['paused', 'U1'],
  ]);
  expect(() => logUploads(undefined as unknown as () => void)).toThrow(TypeError);
});
