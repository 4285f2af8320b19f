import { expect, test } from 'vitest';
import { abortedError, UploadError } from './errors.ts';

const failure = new UploadError({
  code: 'throttled',
  message: 'slow down',
  disposition: 'transient',
  context: { status: 503, requestId: 'ID' },
  hint: 'wait',
  cause: new Error('below'),
});

test('the message starts with the code', () => {
  expect(failure.message).toBe('[throttled] slow down');
});

test('context is added as an error rises; what was known stays', () => {
  const risen = failure.with({ partNumber: 3, requestId: 'other' }, 'exhausted');
  expect(risen).toMatchObject({
    code: 'throttled',
    message: '[throttled] slow down',
    disposition: 'exhausted',
    hint: 'wait',
    context: { status: 503, requestId: 'ID', partNumber: 3 },
    cause: failure.cause,
  });
});

test('only a transient error is retryable', () => {
  expect(failure.retryable).toBe(true);
  expect(failure.with({}, 'exhausted').retryable).toBe(false);
  expect(abortedError().retryable).toBe(false);
});

test('an UploadError passes the funnel as it is', () => {
  expect(UploadError.from(failure)).toBe(failure);
});

test.each([new RangeError('odd'), 'a string', undefined])('%s becomes internal, with its cause', (reason) => {
  const error = UploadError.from(reason);
  expect(error).toMatchObject({ code: 'internal', disposition: 'permanent' });
  expect(error.cause).toBe(reason);
});

test('the error of another copy of this module is known as one', () => {
  const other = Object.assign(new Error('[network] gone'), { name: 'UploadError', disposition: 'transient' });
  expect(other instanceof UploadError).toBe(true);
  expect(new Error('plain') instanceof UploadError).toBe(false);
  expect((null as unknown) instanceof UploadError).toBe(false);
});
