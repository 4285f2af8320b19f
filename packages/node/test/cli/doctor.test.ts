import type { Check } from '@partway/core/doctor';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type CliStage, openCliStage } from '../stages/cli-stage.ts';

const ORIGIN = 'https://app.example.com';
let stage: CliStage;

beforeAll(async () => {
  stage = await openCliStage();
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

test('doctor reports problems, --fix repairs them, a second run is clean', async () => {
  const args = ['doctor', 'oss://media', '--origin', ORIGIN];
  const sick = await stage.partway(args);
  expect(sick).toMatchObject({ status: 1, said: '' });
  expect(sick.out).toMatch(/^ok +credentials +OSS accepts the signature\.$/m);
  expect(sick.out).toMatch(/^failed +cors +Pages of .+ may not PUT\.\n +Use --fix to add a rule/m);
  expect(sick.out).toMatch(
    /^failed +lifecycle +.+ forever\.\n +Use --fix to add a lifecycle rule .+ after 7 days\.$/m,
  );
  const fixed = await stage.partway([...args, '--fix', '--abort-after', '3', '--json']);
  const checks: Check[] = fixed.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect({ status: fixed.status, said: fixed.said }).toEqual({ status: 0, said: '' });
  expect(checks.map(({ status }) => status)).toEqual(checks.map(() => 'ok'));
  expect(checks.find(({ name }) => name === 'lifecycle')?.detail).toContain('after 3 days');
  expect(await stage.partway(args)).toMatchObject({ status: 0 });
  expect(stage.emulator.model.uploads('media')).toEqual([]);
});

test('a warning is no failure', async () => {
  const effect = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;
  stage.emulator.faults.add({ operation: 'GetBucketLifecycle', effect });
  const { status, out } = await stage.partway(['doctor', 'oss://media/some/']);
  expect({ status, out }).toEqual({ status: 0, out: expect.stringMatching(/^warning +lifecycle/m) });
});

test('a wrong secret is reported without printing it', async () => {
  const { status, out, said } = await stage.partway(['doctor', 'oss://media'], {
    OSS_ACCESS_KEY_SECRET: 'hush-hush',
  });
  expect({ status, said }).toEqual({ status: 1, said: '' });
  expect(out).toMatch(/^failed +credentials/m);
  expect(out).not.toContain('hush-hush');
});

test.each([
  [['doctor', 'oss://media', '--origin', 'app.example.com'], '--origin must be'],
  [['doctor', 'oss://media', '--abort-after', '0'], '--abort-after must be'],
  [['doctor', 'oss://media//a'], 'ADDRESS: the prefix must not start with a slash'],
])('%j is wrong usage', async (args, message) => {
  const { status, out, said } = await stage.partway(args);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(said).toContain(message);
});
