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

function createFaultsWith(...rules: readonly FaultRule[]): Faults {
  const faults = createFaults({ advanceClock: () => {} });
  for (const rule of rules) faults.add(rule);
  return faults;
}

/** The numbers of the requests, from 1, that a rule applies to. */
function findAffected(faults: Faults, requests: number): readonly number[] {
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
  ])('with %o matches a part of movies/1.mp4: %s', (conditions, isMatch) => {
    expect(findAffected(createFaultsWith({ ...conditions, effect }), 1)).toEqual(isMatch ? [1] : []);
  });

  test('with a key does not match a request without one', () => {
    const faults = createFaultsWith({ key: /x?/, effect });
    expect(
      faults.takeEffects({ ...PART, operation: 'ListBuckets', bucket: undefined, key: undefined }),
    ).toEqual([]);
  });

  test('with nth and times counts matching requests from 1', () => {
    expect(findAffected(createFaultsWith({ nth: 2, effect }), 4)).toEqual([2]);
    expect(findAffected(createFaultsWith({ nth: [1, 3], effect }), 4)).toEqual([1, 3]);
    expect(findAffected(createFaultsWith({ times: 2, effect }), 4)).toEqual([1, 2]);
    expect(findAffected(createFaultsWith({ nth: [2, 3, 4], times: 2, effect }), 5)).toEqual([2, 3]);
  });

  test('with a global pattern matches every time', () => {
    expect(findAffected(createFaultsWith({ key: /movies/g, effect }), 3)).toEqual([1, 2, 3]);
  });

  test('with a probability fires at about that rate, identically in every run', () => {
    const first = findAffected(createFaultsWith({ probability: 0.3, effect }), 1000);
    expect(first.length).toBeGreaterThan(250);
    expect(first.length).toBeLessThan(350);
    expect(findAffected(createFaultsWith({ probability: 0.3, effect }), 1000)).toEqual(first);
    expect(findAffected(createFaultsWith({ probability: 0, effect }), 100)).toEqual([]);
  });

  test('counts matches and firings, and resolves whenFired', async () => {
    const faults = createFaultsWith();
    const handle = faults.add({ nth: 2, effect });
    const fired = handle.whenFired();
    faults.takeEffects(PART);
    expect([handle.matchedCount, handle.firedCount]).toEqual([1, 0]);
    faults.takeEffects(PART);
    expect([handle.matchedCount, handle.firedCount]).toEqual([2, 1]);
    await Promise.all([fired, handle.whenFired(1)]);
  });

  test('does not fire after remove or clear', () => {
    const faults = createFaultsWith({ effect }, { effect });
    faults.list()[0]?.remove();
    expect(faults.takeEffects(PART)).toHaveLength(1);
    faults.clear();
    expect([faults.list(), faults.takeEffects(PART)]).toEqual([[], []]);
  });

  test('with a clock jump moves the clock before it returns', () => {
    const jumps: number[] = [];
    const faults = createFaults({ advanceClock: (ms) => jumps.push(ms) });
    faults.add({ nth: 1, effect: { kind: 'clockJump', ms: -5000 } });
    faults.takeEffects(PART);
    faults.takeEffects(PART);
    expect(jumps).toEqual([-5000]);
  });
});

test('createSeededRandom returns numbers in [0, 1) that depend on the seed', () => {
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
  ])('is unchanged after parsing and printing: %j', (json) => {
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
  ])('is validated field by field: %j', (json, message) => {
    expect(() => faultRuleFromJson(json)).toThrow(message);
  });
});
