import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type CliStage, type Ended, ended, openCliStage } from '../stages/cli-stage.ts';

const SIGNATURE = /x-oss-signature=(\w+)/;
let stage: CliStage;

beforeAll(async () => {
  stage = await openCliStage();
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

async function presigned(...options: readonly string[]): Promise<string> {
  return (await stage.partway(['presign', 'oss://media/key', ...options])).out.trim();
}

/** Asserts that no signing value of the URL is printed. */
async function explained(url: string, ...options: readonly string[]): Promise<Ended> {
  const ending = await stage.partway(['explain', url, ...options]);
  const [, signature = 'none'] = SIGNATURE.exec(url) ?? [];
  expect(ending.out + ending.said).not.toContain(signature);
  return ending;
}

test('a valid URL is described', async () => {
  const url = await presigned('--method', 'PUT');
  const { status, out, said } = await explained(url, '-X', 'PUT');
  expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('no problem found') });
  expect(out).toMatch(/^signed {3}\S+Z by AK for cn-hangzhou\nexpires {2}\S+Z\n$/);
});

test('a URL on standard input is seen by no other user', async () => {
  const child = stage.started(['explain', '-', '--json'], { stdin: 'pipe' });
  child.stdin?.end(`${(await presigned()).replace('x-oss-expires=900', 'x-oss-expires=0')}\n`);
  const { status, out } = await ended(child);
  const { accessKeyId, region, explanations } = JSON.parse(out);
  expect({ status, accessKeyId, region }).toEqual({ status: 1, accessKeyId: 'AK', region: 'cn-hangzhou' });
  expect(explanations).toEqual([
    { cause: 'changed-url', detail: expect.stringContaining('x-oss-expires'), remedy: expect.any(String) },
  ]);
});

test('--response compares the response of OSS, with or without headers, with the signed request', async () => {
  const options = ['--method', 'PUT', '--header', 'Content-Type: video/mp4'];
  const url = await presigned(...options);
  const response = await fetch(url, { method: 'PUT', body: 'a text' });
  const body = await response.text();
  expect(response.status).toBe(403);
  const file = join(stage.folder, 'answer.xml');
  for (const text of [body, `HTTP/1.1 403 Forbidden\r\nServer: AliyunOSS\r\n\r\n${body}`]) {
    await writeFile(file, text);
    const { status, out } = await explained(
      url,
      '-X',
      'put',
      '-H',
      'Content-Type: video/mp4',
      '--response',
      file,
    );
    expect({ status, out }).toEqual({
      status: 1,
      out: expect.stringMatching(/^changed-header The request had the header content-type/m),
    });
    const bare = await explained(url, '-X', 'PUT', '--response', file);
    expect(bare.out).toMatch(/^added-header {3}The client added Content-Type: text\/plain;charset=UTF-8/m);
  }
  const head = await fetch(`${url}&x=1`, { method: 'HEAD' });
  await writeFile(file, `HTTP/1.1 403 Forbidden\r\nx-oss-err: ${head.headers.get('x-oss-err')}\r\n\r\n`);
  expect((await explained(url, '-X', 'HEAD', '--response', file)).out).toMatch(/parameter x was added/);
});

test('--send sends the request to OSS, GET and HEAD only', async () => {
  const put = await presigned('--method', 'PUT');
  expect((await fetch(put, { method: 'PUT', body: new Uint8Array(100) })).status).toBe(200);
  const url = await presigned();
  expect(await explained(url, '--send')).toMatchObject({
    status: 0,
    said: 'partway: OSS accepts the signature\n',
  });
  const wrong = url.replace(
    SIGNATURE,
    (_, signature: string) => `x-oss-signature=${[...signature].reverse().join('')}`,
  );
  expect(await explained(wrong, '--send')).toMatchObject({
    status: 1,
    out: expect.stringMatching(/^secret /m),
  });
  const nowhere = url.replace(/:\d+/, ':1');
  expect(await explained(nowhere, '--send')).toMatchObject({
    status: 1,
    out: expect.stringMatching(/^no-response /m),
  });
  expect(await explained(put, '-X', 'PUT', '--send')).toMatchObject({
    status: 2,
    said: expect.stringContaining('--send sends GET and HEAD only'),
  });
});

test.each([
  [['explain'], 'URL is missing'],
  [['explain', 'oss://media/key'], 'URL must begin with http'],
  [['explain', 'http://a/', 'http://a/?x-oss-signature=hush'], 'the URL is one argument too many'],
  [['explain', 'http://a/', '-X'], '--method needs a value'],
  [['explain', 'http://a/', '-X', 'P T'], '--method must be'],
  [['explain', 'http://a/', '-H', 'Bearer hush'], '--header must be NAME:VALUE'],
  [['explain', 'http://a/', '--response', 'none'], '--method is needed with --response'],
  [
    ['explain', 'http://a/', '-X', 'PUT', '--response', '/none'],
    '--response must be a file that can be read (ENOENT)',
  ],
  [['explain', 'http://a/', '--response', 'none', '--send'], '--response and --send exclude each other'],
])('%j is wrong usage', async (args, message) => {
  const { status, out, said } = await stage.partway(args);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(said).toContain(message);
  expect(said).not.toContain('hush');
});
