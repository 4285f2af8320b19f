import { expect, test } from 'vitest';
import { checkInput } from './protocol.ts';

test('validation stops at the first invalid value of a body [threat-16]', () => {
  let readCount = 0;
  const invalid = {
    get partNumber() {
      readCount += 1;
      return 0;
    },
  };
  const receipts = new Array<object>(1000).fill(invalid);
  expect(() => checkInput('complete', { uploadToken: 't', receipts })).toThrow(/receipts\.0\.partNumber/);
  expect(readCount).toBe(1);
});
