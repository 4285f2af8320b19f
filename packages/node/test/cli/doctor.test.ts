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
  const broken = await stage.partway(args);
  expect(broken).toMatchObject({ status: 1, stderr: '' });
  expect(broken.stdout).toMatch(/^ok +credentials +OSS accepts the signature\.$/m);
  expect(broken.stdout).toMatch(/^failed +cors +Pages of .+ may not PUT\.\n +Use --fix to add a rule/m);
  expect(broken.stdout).toMatch(
    /^failed +lifecycle +.+ forever\.\n +Use --fix to add a lifecycle rule .+ after 7 days\.$/m,
  );
  const fixed = await stage.partway([...args, '--fix', '--abort-after', '3', '--json']);
  const checks: Check[] = fixed.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect({ status: fixed.status, stderr: fixed.stderr }).toEqual({ status: 0, stderr: '' });
  expect(checks.map(({ status }) => status)).toEqual(checks.map(() => 'ok'));
  expect(checks.find(({ name }) => name === 'lifecycle')?.detail).toContain('after 3 days');
  expect(await stage.partway(args)).toMatchObject({ status: 0 });
  expect(stage.emulator.model.uploads('media')).toEqual([]);
});

test('a warning exits with 0', async () => {
  const effect = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;
  stage.emulator.faults.add({ operation: 'GetBucketLifecycle', effect });
  const { status, stdout } = await stage.partway(['doctor', 'oss://media/some/']);
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^warning +lifecycle/m) });
});

test('a wrong secret is reported and not printed', async () => {
  const { status, stdout, stderr } = await stage.partway(['doctor', 'oss://media'], {
    OSS_ACCESS_KEY_SECRET: 'hush-hush',
  });
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(stdout).toMatch(/^failed +credentials/m);
  expect(stdout).not.toContain('hush-hush');
});

test.each([
  [['doctor', 'oss://media', '--origin', 'app.example.com'], '--origin must be'],
  [['doctor', 'oss://media', '--abort-after', '0'], '--abort-after must be'],
  [['doctor', 'oss://media//a'], 'ADDRESS: the prefix must not start with a slash'],
])('%j is a usage error', async (args, message) => {
  const { status, stdout, stderr } = await stage.partway(args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
});
