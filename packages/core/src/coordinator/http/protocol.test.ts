import { expect, test } from 'vitest';
import { checkInput } from './protocol.ts';

test('a body that is wrong a million times is looked at once [threat-16]', () => {
  let looked = 0;
  const wrong = {
    get partNumber() {
      looked += 1;
      return 0;
    },
  };
  const receipts = new Array<object>(1000).fill(wrong);
  expect(() => checkInput('complete', { uploadToken: 't', receipts })).toThrow(/receipts\.0\.partNumber/);
  expect(looked).toBe(1);
});
