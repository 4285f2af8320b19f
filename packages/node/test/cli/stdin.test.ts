import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { crc64 } from '@partway/core';
import type { OssEmulator } from '@partway/emulator';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type CliStage, eventsIn, openCliStage, waitForExit } from '../stages/cli-stage.ts';

const bytes = randomBytes(4_000_003);
const inParts = ['--part-size', '100KiB', '--concurrency', '2'];
let stage: CliStage;
let emulator: OssEmulator;

beforeAll(async () => {
  stage = await openCliStage();
  ({ emulator } = stage);
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

function startPut(key: string, ...options: readonly string[]): ChildProcess & { readonly stdin: Writable } {
  const child = stage.start(['put', '-', `oss://media/${key}`, ...options], { stdin: 'pipe' });
  const { stdin } = child;
  if (stdin === null) throw new Error('standard input is a pipe');
  // The process may exit before everything is written.
  stdin.on('error', () => undefined);
  return Object.assign(child, { stdin });
}

async function expectStored(key: string, content: Uint8Array): Promise<void> {
  const object = emulator.model.object('media', key);
  expect(object?.crc64).toBe(crc64(content));
  expect(Buffer.compare((await object?.bytes()) ?? Buffer.alloc(0), content)).toBe(0);
  expect(emulator.model.uploads('media')).toEqual([]);
}

test.each([0, 1, 100 * 1024, bytes.length])('%d bytes of standard input are stored', async (size) => {
  const content = bytes.subarray(0, size);
  const child = startPut(`size-${size}`, '--content-type', 'text/csv', '--meta', 'author=wei', ...inParts);
  child.stdin.end(content);
  const { status, stdout } = await waitForExit(child);
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: expect.stringMatching(`^oss://media/size-${size} ${size} bytes, CRC64 ${crc64(content)}, ETag `),
  });
  await expectStored(`size-${size}`, content);
  expect(emulator.model.object('media', `size-${size}`)?.headers).toMatchObject({
    'content-type': 'text/csv',
    'x-oss-meta-author': 'wei',
  });
});

test('a file as standard input is stored from its current position', async () => {
  const path = join(stage.folder, 'file');
  await writeFile(path, bytes);
  const file = await open(path);
  await file.read(Buffer.alloc(1000), 0, 1000);
  const child = stage.start(['put', '-', 'oss://media/file', '--quiet', ...inParts], { stdin: file.fd });
  expect(await waitForExit(child)).toMatchObject({ status: 0, stderr: '' });
  await file.close();
  await expectStored('file', bytes.subarray(1000));
});

test('a directory as standard input is a usage error', async () => {
  const directory = await open(stage.folder);
  const child = stage.start(['put', '-', 'oss://media/directory'], { stdin: directory.fd });
  expect(await waitForExit(child)).toMatchObject({
    status: 2,
    stderr: 'partway: standard input is a directory, which cannot be uploaded\n',
  });
  await directory.close();
  expect(emulator.model.object('media', 'directory')).toBeUndefined();
});

test('progress shows bytes and speed, and no percentage of an unknown size', async () => {
  const child = startPut('progress', ...inParts);
  child.stdin.end(bytes);
  const { stderr } = await waitForExit(child);
  const lines = stderr.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(line).toMatch(/^\d\.\d MiB \| (?:\d+\.\d|-) MiB\/s$/);
});

test('events are printed as lines of JSON, without a size', async () => {
  const child = startPut('json', '--json', ...inParts);
  child.stdin.end(bytes);
  const { status, stdout, stderr } = await waitForExit(child);
  const events = eventsIn(stdout);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(events[0]).toMatchObject({ type: 'opened', partSize: 100 * 1024 });
  expect(events[0]).not.toHaveProperty('size');
  expect(events.at(-1)).toMatchObject({ type: 'completed', object: { crc64: crc64(bytes) } });
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s removes the upload, prints that it cannot be resumed, and exits with %d',
  async (signal, code) => {
    const child = startPut(signal, '--json', ...inParts);
    child.stdin.write(bytes);
    await waitForConfirmedPart(child);
    expect(emulator.model.uploads('media')).toHaveLength(1);
    child.kill(signal);
    const [[status], chunks] = await Promise.all([once(child, 'exit'), child.stderr?.toArray()]);
    expect(status).toBe(code);
    expect((chunks ?? []).join('')).toBe(
      'partway: removing the sent parts; a second signal exits at once\n' +
        'partway: stopped; uploads from standard input cannot be resumed\n',
    );
    expect(emulator.model.uploads('media')).toEqual([]);
    expect(emulator.model.object('media', signal)).toBeUndefined();
  },
);

test('a second Ctrl-C exits at once, before OSS has responded to the abort', async () => {
  const removal = emulator.faults.add({ operation: 'AbortMultipartUpload', effect: { kind: 'silent' } });
  const child = startPut('twice', '--json', ...inParts);
  child.stdin.write(bytes);
  await waitForConfirmedPart(child);
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  await removal.whenFired();
  child.kill('SIGINT');
  expect(await exited).toEqual([130, null]);
});

async function waitForConfirmedPart(child: ChildProcess): Promise<void> {
  const seen: string[] = [];
  for await (const line of createInterface(child.stdout as Readable)) {
    seen.push(line);
    if (line.includes('"part-confirmed"')) return;
  }
  throw new Error(`it waitForExit before a part was confirmed: ${seen.join('\n')}`);
}
