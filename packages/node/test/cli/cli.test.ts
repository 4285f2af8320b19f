import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { crc64 } from '@partway/core';
import type { OssEmulator } from '@partway/emulator';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type CliStage,
  type Environment,
  type ExitedProcess,
  eventsIn,
  openCliStage,
  parsed,
} from '../stages/cli-stage.ts';

const KIBIBYTE = 1024;
const bytes = randomBytes(1_000_003);
const PART_COUNT = 10;
const inParts = ['--part-size', '100KiB', '--concurrency', '2'];
let stage: CliStage;
let emulator: OssEmulator;
let folder: string;
let file: string;

beforeAll(async () => {
  stage = await openCliStage();
  ({ emulator, folder } = stage);
  file = join(folder, "it's a file.bin");
  await writeFile(file, bytes);
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

function start(args: readonly string[]): ChildProcess {
  return stage.start(args);
}

function partway(args: readonly string[], environment?: Environment): Promise<ExitedProcess> {
  return stage.partway(args, environment);
}

async function expectStored(key: string): Promise<void> {
  const object = emulator.model.object('media', key);
  expect(object?.crc64).toBe(crc64(bytes));
  expect(Buffer.compare((await object?.bytes()) ?? Buffer.alloc(0), bytes)).toBe(0);
}

/** Starts an upload of which OSS stores three parts and no more. Resolves when one of them is confirmed. */
async function startStuckUpload(key: string, ...options: readonly string[]): Promise<ChildProcess> {
  const late = Array.from({ length: PART_COUNT - 3 }, (_, index) => index + 4);
  const stuck = emulator.faults.add({ operation: 'UploadPart', nth: late, effect: { kind: 'silent' } });
  const child = start(['put', file, `oss://media/${key}`, '--json', ...inParts, ...options]);
  const seen: string[] = [];
  for await (const line of createInterface(child.stdout as NodeJS.ReadableStream)) {
    seen.push(line);
    if (parsed(line).type !== 'part-confirmed') continue;
    await stuck.whenFired(2);
    return child;
  }
  throw new Error(`it waitForExit before a part was confirmed: ${seen.join('\n')}`);
}

describe('put', () => {
  test('uploads a file with all object options', async () => {
    const object = ['--content-type', 'video/mp4', '--meta', 'author=wei', '--meta=place=a=b'];
    const { status, stdout, stderr } = await partway([
      'put',
      file,
      'oss://media/options',
      ...object,
      '--storage-class',
      'IA',
      ...inParts,
    ]);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(
        new RegExp(`^oss://media/options ${bytes.length} bytes, CRC64 ${crc64(bytes)}, ETag \\S+\\n$`),
      ),
    });
    expect(stderr).toMatch(/^100% \| 1\.0 of 1\.0 MiB/m);
    await expectStored('options');
    expect(emulator.model.object('media', 'options')?.headers).toMatchObject({
      'content-type': 'video/mp4',
      'x-oss-meta-author': 'wei',
      'x-oss-meta-place': 'a=b',
      'x-oss-storage-class': 'IA',
    });
  });

  test('prints every event as a line of JSON, and nothing else', async () => {
    const { status, stdout, stderr } = await partway(['put', file, 'oss://media/json', '--json', ...inParts]);
    const events = eventsIn(stdout);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(events[0]).toMatchObject({ type: 'opened', partCount: PART_COUNT });
    expect(events.filter(({ type }) => type === 'part-confirmed')).toHaveLength(PART_COUNT);
    expect(events.at(-1)).toMatchObject({ type: 'completed', object: { crc64: crc64(bytes) } });
  });

  test('appends the file name to a key that ends in a slash', async () => {
    expect((await partway(['put', file, 'oss://media/folder/', '--quiet'])).stderr).toBe('');
    await expectStored("folder/it's a file.bin");
    expect((await partway(['put', file, 'oss://media/', '--quiet'])).status).toBe(0);
    await expectStored("it's a file.bin");
  });

  test('resumes the upload of a killed process without sending stored parts again', async () => {
    const child = await startStuckUpload('killed');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const stored = emulator.model.uploads('media').find(({ key }) => key === 'killed')?.parts ?? [];
    expect(stored).toHaveLength(3);
    emulator.faults.clear();
    const sent = emulator.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 0 } });
    expect(await partway(['put', file, 'oss://media/killed', '--quiet', ...inParts])).toMatchObject({
      status: 0,
    });
    expect(sent.matchedCount).toBe(PART_COUNT - 3);
    await expectStored('killed');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s pauses, prints how to resume, and exits with %d', async (signal, expected) => {
    const child = await startStuckUpload(signal, '--no-resume');
    child.kill(signal);
    const [[status], chunks] = await Promise.all([once(child, 'exit'), child.stderr?.toArray()]);
    expect(status).toBe(expected);
    const stderr = (chunks ?? []).join('');
    expect(stderr).toMatch(
      /^partway: pausing.+\npartway: paused; \d of 10 parts are confirmed\. To resume, run:\n/,
    );
    const command = stderr.split('\n')[2] ?? '';
    expect(command).toContain(`put '${file.replace("'", "'\\''")}' oss://media/${signal} --json`);
    expect(command).not.toContain('--no-resume');
    emulator.faults.clear();
    const { status: resumed, stdout } = await partway([
      'put',
      file,
      `oss://media/${signal}`,
      '--json',
      ...inParts,
    ]);
    expect(resumed).toBe(0);
    expect(eventsIn(stdout).at(-1)).toMatchObject({ type: 'completed' });
    expect(emulator.model.uploads('media').filter(({ key }) => key === signal)).toEqual([]);
    await expectStored(signal);
  });

  test('a second Ctrl-C exits at once, also before OSS has responded', async () => {
    const opening = emulator.faults.add({ operation: 'InitiateMultipartUpload', effect: { kind: 'silent' } });
    const child = start(['put', file, 'oss://media/twice', ...inParts]);
    const exited = once(child, 'exit');
    await opening.whenFired();
    child.kill('SIGINT');
    await once(createInterface(child.stderr as NodeJS.ReadableStream), 'line');
    child.kill('SIGINT');
    expect(await exited).toEqual([130, null]);
  });

  test('starts a new upload with --no-resume, and with another --checkpoint-dir', async () => {
    const child = await startStuckUpload('restarted');
    child.kill('SIGKILL');
    await once(child, 'exit');
    emulator.faults.clear();
    const sent = emulator.faults.add({ operation: 'UploadPart', effect: { kind: 'latency', ms: 0 } });
    const elsewhere = ['--checkpoint-dir', join(folder, 'elsewhere')];
    const put = ['put', file, 'oss://media/restarted', '--quiet', ...inParts];
    expect((await partway([...put, ...elsewhere])).status).toBe(0);
    expect(emulator.model.uploads('media').filter(({ key }) => key === 'restarted')).toHaveLength(1);
    expect((await partway([...put, '--no-resume'])).status).toBe(0);
    expect(emulator.model.uploads('media').filter(({ key }) => key === 'restarted')).toEqual([]);
    expect(sent.matchedCount).toBe(2 * PART_COUNT);
  });

  test('starts a new upload with another secret, which cannot open the old token', async () => {
    const child = await startStuckUpload('sealed');
    child.kill('SIGKILL');
    await once(child, 'exit');
    emulator.faults.clear();
    const put = ['put', file, 'oss://media/sealed', '--quiet', ...inParts];
    const result = await partway(put, { OSS_ACCESS_KEY_SECRET: 'another' });
    expect(result).toMatchObject({ status: 1, stderr: expect.stringContaining('[signature_mismatch]') });
    expect((await partway(put)).status).toBe(0);
    expect(emulator.model.uploads('media').filter(({ key }) => key === 'sealed')).toEqual([]);
  });

  test('a wrong secret exits with 1, and prints a hint and the request ID, but no secret [pain-19]', async () => {
    const put = ['put', file, 'oss://media/wrong', ...inParts];
    const { status, stdout, stderr } = await partway(put, { OSS_ACCESS_KEY_SECRET: 'hush-hush' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^partway: \[signature_mismatch\] .+\n.*check the secret.*\nrequest id: \S+\n$/);
    expect(stderr).not.toContain('hush-hush');
    const { stdout: lines } = await partway([...put, '--json'], { OSS_ACCESS_KEY_SECRET: 'hush-hush' });
    expect(eventsIn(lines)).toEqual([
      expect.objectContaining({
        type: 'failed',
        error: {
          code: 'signature_mismatch',
          message: expect.any(String),
          hint: expect.stringContaining('check the secret'),
          context: expect.objectContaining({ requestId: expect.any(String) }),
        },
      }),
    ]);
  });

  test('a missing file exits with 1', async () => {
    const { status, stderr } = await partway(['put', join(folder, 'absent'), 'oss://media/absent']);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^partway: \[source_unreadable\]/),
    });
  });
});

describe('uploads and abort', () => {
  test('list unfinished uploads and remove one [pain-28]', async () => {
    const child = await startStuckUpload('left/behind');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const [left] = emulator.model.uploads('media').filter(({ key }) => key === 'left/behind');
    const parts = left?.parts.length ?? 0;
    const uploadId = left?.uploadId ?? '';
    const text = await partway(['uploads', 'oss://media/left/']);
    expect(text).toMatchObject({ status: 0, stderr: '' });
    expect(text.stdout).toMatch(
      new RegExp(
        `^ *\\d+ s old {2}${parts} parts {2}${parts * 100 * KIBIBYTE} bytes {2}${uploadId} {2}oss://media/left/behind\n$`,
      ),
    );
    const { stdout } = await partway(['uploads', 'oss://media', '--json']);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toContainEqual({
      bucket: 'media',
      key: 'left/behind',
      uploadId,
      initiatedAt: expect.any(Number),
      ageSeconds: expect.any(Number),
      parts,
      bytes: parts * 100 * KIBIBYTE,
    });
    const abort = ['abort', 'oss://media/left/behind', '--upload-id', uploadId];
    expect(await partway(abort)).toEqual({ status: 0, stdout: `${uploadId} is removed\n`, stderr: '' });
    expect(await partway(['uploads', 'oss://media/left/'])).toMatchObject({ status: 0, stdout: '' });
    expect(await partway(abort)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('partway: [upload_not_found]'),
    });
  });

  test('an unreachable server exits with 3', async () => {
    const { status, stderr } = await partway(['uploads', 'oss://media'], {
      OSS_ENDPOINT: 'http://127.0.0.1:1',
    });
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringMatching(/^partway: \[network\]/) });
  });
});

describe('presign', () => {
  test('prints a working URL and its required headers', async () => {
    const headers = ['--header', 'Content-Type: text/plain', '--header', 'x-oss-meta-author: wei'];
    const put = await partway(['presign', 'oss://media/signed', '--method', 'PUT', ...headers, '--json']);
    const { url, ...request } = JSON.parse(put.stdout);
    expect(request).toEqual({
      method: 'PUT',
      headers: { 'content-type': 'text/plain', 'x-oss-meta-author': 'wei' },
      expiresAt: expect.any(Number),
    });
    expect((await fetch(url, { ...request, body: 'hello' })).status).toBe(200);
    const get = await partway(['presign', 'oss://media/signed', '--expires', '60']);
    expect(get).toMatchObject({ status: 0, stderr: '' });
    expect(await (await fetch(get.stdout.trim())).text()).toBe('hello');
    const ranged = await partway(['presign', 'oss://media/signed', '--header', 'Range: bytes=0-1']);
    expect(ranged.stderr).toBe('partway: the request must have the header range: bytes=0-1\n');
    const response = await fetch(ranged.stdout.trim(), { headers: { range: 'bytes=0-1' } });
    expect(await response.text()).toBe('he');
  });
});

describe('usage', () => {
  const put = ['put', 'file', 'oss://media/key'];
  test.each([
    [[], 'a command is required'],
    [['get'], 'unknown command get'],
    [['put', 'file'], 'ADDRESS is missing'],
    [['put'], 'FILE is missing'],
    [[...put, 'more'], 'unexpected argument: more'],
    [['put', '-', 'oss://media/folder/'], 'ADDRESS must be a complete key: standard input has no name'],
    [['put', '-', 'oss://media/'], 'ADDRESS must be a complete key'],
    [['put', 'file', 'media/key'], 'ADDRESS must be oss://BUCKET/KEY, got media/key'],
    [['put', 'file', 'oss://media'], 'ADDRESS requires a key'],
    [['put', 'file', 'oss://MEDIA/key'], "ADDRESS: the bucket's name must have"],
    [['put', 'file', 'oss://media/../key'], 'ADDRESS: the key must not have a segment'],
    [[...put, '--prat-size', '1'], 'unknown option --prat-size'],
    [[...put, '-q'], 'unknown option -q'],
    [[...put, '--no-quiet'], 'unknown option --no-quiet'],
    [[...put, '--json=yes'], '--json takes no value'],
    [[...put, '--part-size'], '--part-size requires a value'],
    [[...put, '--part-size', '--json'], '--part-size requires a value'],
    [[...put, '--part-size', '8M'], '--part-size must be a number of bytes, or have KB'],
    [[...put, '--part-size', '1KB'], '--part-size must be'],
    [[...put, '--concurrency', '65'], '--concurrency must be a whole number from 1 to 64'],
    [[...put, '--concurrency', 'all'], '--concurrency must be a whole number, got all'],
    [[...put, '--meta', 'author'], '--meta must be NAME=VALUE, got author'],
    [[...put, '--storage-class', 'Cheap'], '--storage-class must be'],
    [[...put, '--region', 'oss-cn-hangzhou'], '--region must not start with'],
    [['presign', 'oss://media/key', '--method', 'POST'], '--method must be GET, PUT or HEAD'],
    [['presign', 'oss://media/key', '--expires', '0'], '--expires must be'],
    [['abort', 'oss://media/key'], '--upload-id is required'],
  ])('%j is a usage error', async (args, message) => {
    const { status, stdout, stderr } = await partway(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.startsWith('partway: ')).toBe(true);
    expect(stderr).toContain(message);
  });

  test.each([
    [{ OSS_REGION: '' }, '--region or OSS_REGION is required'],
    [{ OSS_ACCESS_KEY_SECRET: '' }, 'OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET must be set'],
    [{ OSS_ACCESS_KEY_SECRET: 'hush \n' }, 'OSS_ACCESS_KEY_SECRET must be a non-empty string'],
  ])('the environment %j is a usage error', async (environment, message) => {
    const { status, stderr } = await partway(put, environment);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('hush');
  });

  test('--help and --version exit with 0', async () => {
    const overview = await partway(['--help']);
    expect(overview).toMatchObject({ status: 0, stderr: '' });
    expect(overview.stdout).toMatch(/Exit codes:\n[\s\S]+put[\s\S]+uploads[\s\S]+abort[\s\S]+presign/);
    const help = await partway(['put', '--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toMatch(/partway put \[OPTIONS\] <FILE> <ADDRESS>[\s\S]+--no-resume/);
    expect(await partway(['--version'])).toMatchObject({ status: 0, stdout: '0.0.0\n' });
  });
});
