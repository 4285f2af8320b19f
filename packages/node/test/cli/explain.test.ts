import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type CliStage, type ExitedProcess, openCliStage, waitForExit } from '../stages/cli-stage.ts';

const SIGNATURE = /x-oss-signature=(\w+)/;
let stage: CliStage;

beforeAll(async () => {
  stage = await openCliStage();
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

async function presign(...options: readonly string[]): Promise<string> {
  return (await stage.partway(['presign', 'oss://media/key', ...options])).stdout.trim();
}

/** Asserts that no signing value of the URL is printed. */
async function explain(url: string, ...options: readonly string[]): Promise<ExitedProcess> {
  const result = await stage.partway(['explain', url, ...options]);
  const [, signature = 'none'] = SIGNATURE.exec(url) ?? [];
  expect(result.stdout + result.stderr).not.toContain(signature);
  return result;
}

test('a valid URL is described', async () => {
  const url = await presign('--method', 'PUT');
  const { status, stdout, stderr } = await explain(url, '-X', 'PUT');
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('no problem found') });
  expect(stdout).toMatch(/^signed {3}\S+Z by AK for cn-hangzhou\nexpires {2}\S+Z\n$/);
});

test('reads the URL from standard input', async () => {
  const child = stage.start(['explain', '-', '--json'], { stdin: 'pipe' });
  child.stdin?.end(`${(await presign()).replace('x-oss-expires=900', 'x-oss-expires=0')}\n`);
  const { status, stdout } = await waitForExit(child);
  const { accessKeyId, region, explanations } = JSON.parse(stdout);
  expect({ status, accessKeyId, region }).toEqual({ status: 1, accessKeyId: 'AK', region: 'cn-hangzhou' });
  expect(explanations).toEqual([
    { cause: 'changed-url', detail: expect.stringContaining('x-oss-expires'), remedy: expect.any(String) },
  ]);
});

test('--response compares the response of OSS, with or without headers, with the signed request', async () => {
  const options = ['--method', 'PUT', '--header', 'Content-Type: video/mp4'];
  const url = await presign(...options);
  const response = await fetch(url, { method: 'PUT', body: 'a text' });
  const body = await response.text();
  expect(response.status).toBe(403);
  const file = join(stage.folder, 'response.xml');
  for (const text of [body, `HTTP/1.1 403 Forbidden\r\nServer: AliyunOSS\r\n\r\n${body}`]) {
    await writeFile(file, text);
    const { status, stdout } = await explain(
      url,
      '-X',
      'put',
      '-H',
      'Content-Type: video/mp4',
      '--response',
      file,
    );
    expect({ status, stdout }).toEqual({
      status: 1,
      stdout: expect.stringMatching(/^changed-header The request had the header content-type/m),
    });
    const withoutHeader = await explain(url, '-X', 'PUT', '--response', file);
    expect(withoutHeader.stdout).toMatch(
      /^added-header {3}The client added Content-Type: text\/plain;charset=UTF-8/m,
    );
  }
  const head = await fetch(`${url}&x=1`, { method: 'HEAD' });
  await writeFile(file, `HTTP/1.1 403 Forbidden\r\nx-oss-err: ${head.headers.get('x-oss-err')}\r\n\r\n`);
  expect((await explain(url, '-X', 'HEAD', '--response', file)).stdout).toMatch(/parameter x was added/);
});

test('--send sends the request to OSS, GET and HEAD only', async () => {
  const put = await presign('--method', 'PUT');
  expect((await fetch(put, { method: 'PUT', body: new Uint8Array(100) })).status).toBe(200);
  const url = await presign();
  expect(await explain(url, '--send')).toMatchObject({
    status: 0,
    stderr: 'partway: OSS accepts the signature\n',
  });
  const wrongUrl = url.replace(
    SIGNATURE,
    (_, signature: string) => `x-oss-signature=${[...signature].reverse().join('')}`,
  );
  expect(await explain(wrongUrl, '--send')).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^secret /m),
  });
  const unreachableUrl = url.replace(/:\d+/, ':1');
  expect(await explain(unreachableUrl, '--send')).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^no-response /m),
  });
  expect(await explain(put, '-X', 'PUT', '--send')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('--send supports GET and HEAD only'),
  });
});

test.each([
  [['explain'], 'URL is missing'],
  [['explain', 'oss://media/key'], 'URL must start with http'],
  [['explain', 'http://a/', 'http://a/?x-oss-signature=hush'], 'unexpected argument: a URL'],
  [['explain', 'http://a/', '-X'], '--method requires a value'],
  [['explain', 'http://a/', '-X', 'P T'], '--method must be'],
  [['explain', 'http://a/', '-H', 'Bearer hush'], '--header must be NAME:VALUE'],
  [['explain', 'http://a/', '--response', 'none'], '--method is required with --response'],
  [
    ['explain', 'http://a/', '-X', 'PUT', '--response', '/none'],
    '--response must be a readable file (ENOENT)',
  ],
  [['explain', 'http://a/', '--response', 'none', '--send'], '--response and --send are mutually exclusive'],
])('%j is a usage error', async (args, message) => {
  const { status, stdout, stderr } = await stage.partway(args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('hush');
});
