import { describe, expect, test } from 'vitest';
import type { OssTarget } from '../types.ts';
import { faultRuleFromJson, faultRuleToJson } from './fault-check.ts';
import type { FaultRule } from './fault-rule.ts';
import { createFaults, createSeededRandom, type Faults } from './faults.ts';

const PART: OssTarget = {
  operation: 'UploadPart',
  bucket: 'demo',
  key: 'movies/1.mp4',
  uploadId: 'U',
  partNumber: 2,
  query: [],
};

function faultsWith(...rules: readonly FaultRule[]): Faults {
  const faults = createFaults({ advanceClock: () => {} });
  for (const rule of rules) faults.add(rule);
  return faults;
}

/** Which of so many like requests misbehave, counted from 1. */
function unlucky(faults: Faults, requests: number): readonly number[] {
  const numbers = Array.from({ length: requests }, (_, index) => index + 1);
  return numbers.filter(() => faults.takeEffects(PART).length > 0);
}

const effect = { kind: 'dropResponse' } as const;

describe('a rule', () => {
  test.each<[Partial<FaultRule>, boolean]>([
    [{}, true],
    [{ operation: 'UploadPart' }, true],
    [{ operation: 'ListParts' }, false],
    [{ bucket: 'demo', key: 'movies/1.mp4', partNumber: 2 }, true],
    [{ bucket: 'other' }, false],
    [{ key: 'movies' }, false],
    [{ key: /^movies\// }, true],
    [{ key: /\.avi$/ }, false],
    [{ partNumber: 3 }, false],
  ])('with %o fits a part of movies/1.mp4: %s', (conditions, fits) => {
    expect(unlucky(faultsWith({ ...conditions, effect }), 1)).toEqual(fits ? [1] : []);
  });

  test('for keys does not fit a request without one', () => {
    const faults = faultsWith({ key: /x?/, effect });
    expect(
      faults.takeEffects({ ...PART, operation: 'ListBuckets', bucket: undefined, key: undefined }),
    ).toEqual([]);
  });

  test('counts the requests that match, from 1', () => {
    expect(unlucky(faultsWith({ nth: 2, effect }), 4)).toEqual([2]);
    expect(unlucky(faultsWith({ nth: [1, 3], effect }), 4)).toEqual([1, 3]);
    expect(unlucky(faultsWith({ times: 2, effect }), 4)).toEqual([1, 2]);
    expect(unlucky(faultsWith({ nth: [2, 3, 4], times: 2, effect }), 5)).toEqual([2, 3]);
  });

  test('with a pattern that remembers its place fits every time', () => {
    expect(unlucky(faultsWith({ key: /movies/g, effect }), 3)).toEqual([1, 2, 3]);
  });

  test('with a probability fires about so often, and the same way in every run', () => {
    const first = unlucky(faultsWith({ probability: 0.3, effect }), 1000);
    expect(first.length).toBeGreaterThan(250);
    expect(first.length).toBeLessThan(350);
    expect(unlucky(faultsWith({ probability: 0.3, effect }), 1000)).toEqual(first);
    expect(unlucky(faultsWith({ probability: 0, effect }), 100)).toEqual([]);
  });

  test('tells how often it matched and fired, and when', async () => {
    const faults = faultsWith();
    const handle = faults.add({ nth: 2, effect });
    const fired = handle.whenFired();
    faults.takeEffects(PART);
    expect([handle.matchedCount, handle.firedCount]).toEqual([1, 0]);
    faults.takeEffects(PART);
    expect([handle.matchedCount, handle.firedCount]).toEqual([2, 1]);
    await Promise.all([fired, handle.whenFired(1)]);
  });

  test('ends when it is removed, and all end when they are cleared', () => {
    const faults = faultsWith({ effect }, { effect });
    faults.list()[0]?.remove();
    expect(faults.takeEffects(PART)).toHaveLength(1);
    faults.clear();
    expect([faults.list(), faults.takeEffects(PART)]).toEqual([[], []]);
  });

  test('that jumps the clock has done so when the request is looked at', () => {
    const jumps: number[] = [];
    const faults = createFaults({ advanceClock: (ms) => jumps.push(ms) });
    faults.add({ nth: 1, effect: { kind: 'clockJump', ms: -5000 } });
    faults.takeEffects(PART);
    faults.takeEffects(PART);
    expect(jumps).toEqual([-5000]);
  });
});

test('the seeded random stays in [0, 1) and depends on its seed', () => {
  const numbers = Array.from({ length: 1000 }, createSeededRandom(7));
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  expect(numbers).not.toEqual(Array.from({ length: 1000 }, createSeededRandom(8)));
});

describe('a rule in JSON', () => {
  test.each<[unknown]>([
    [{ effect: { kind: 'silent' } }],
    [{ operation: 'UploadPart', key: 'a', nth: [1, 2], effect: { kind: 'resetAfterBytes', bytes: 0 } }],
    [{ keyPattern: '^a-\\d+$', times: 3, effect: { kind: 'hideCorsHeaders', names: ['ETag'] } }],
    [
      {
        effect: { kind: 'refuse', status: 503, code: 'ServiceUnavailable', headers: { 'Retry-After': '1' } },
      },
    ],
  ])('survives the way in and out: %j', (json) => {
    expect(faultRuleToJson(faultRuleFromJson(json))).toEqual(json);
  });

  test.each<[unknown, string]>([
    [null, 'rule must be an object, got null'],
    [{}, 'rule.effect must be an object, got undefined'],
    [{ effect: { kind: 'explode' } }, 'rule.effect.kind must be one of refuse, dropResponse'],
    [{ effect, opration: 'UploadPart' }, 'rule.opration is not known'],
    [{ effect, operation: 'UploadParts' }, 'rule.operation must be an operation of OSS, got "UploadParts"'],
    [{ effect, keyPattern: '(' }, 'rule.keyPattern must be a regular expression, got "("'],
    [{ effect, nth: 0 }, 'rule.nth must be a whole number from 1'],
    [{ effect, probability: 2 }, 'rule.probability must be a number from 0 to 1, got 2'],
    [{ effect: { kind: 'latency' } }, 'rule.effect.ms must be a whole number from 0'],
    [{ effect: { kind: 'latency', ms: 1, max: 2 } }, 'rule.effect.max is not known'],
    [
      { effect: { kind: 'refuse', status: 200, code: 'OK' } },
      'rule.effect.status must be a whole number from 300',
    ],
    [{ effect: { kind: 'hideCorsHeaders', names: 'ETag' } }, 'rule.effect.names must be a list, got "ETag"'],
  ])('is checked, field by field: %j', (json, message) => {
    expect(() => faultRuleFromJson(json)).toThrow(message);
  });
});
