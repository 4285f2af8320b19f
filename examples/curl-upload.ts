// Runs curl-upload.sh, a client in sh and curl for the protocol of docs/reference/protocol.md, against a
// coordinator in a server of `node:http`.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { getRequestListener } from '@hono/node-server';
import { crc64 } from '@partway/core';
import { createCoordinatorHandler } from '@partway/core/coordinator';
import { coordinator, emulator, originOf } from './mounts/stage.ts';

const verbs: (string | undefined)[] = [];
const handler = createCoordinatorHandler(coordinator, {
  basePath: '/uploads',
  onResponse: ({ verb }) => verbs.push(verb),
});
const server = createServer(getRequestListener(handler, { overrideGlobalObjects: false })).listen(
  0,
  '127.0.0.1',
);
const url = `${await originOf(server)}/uploads`;

const folder = await mkdtemp(join(tmpdir(), 'partway-curl-'));
const path = join(folder, 'film.mp4');
const bytes = new Uint8Array(350_000).map((_, index) => (index * 31) % 251);
await writeFile(path, bytes);

await upload('with-presigned-urls.mp4', {});
assert.deepEqual(verbs.splice(0), ['initiate', 'list-parts', 'complete']);
await upload('a "quoted" name.mp4', { PRESIGN_COUNT: '0' });
assert.deepEqual(verbs.splice(0), ['initiate', 'presign-parts', 'list-parts', 'complete']);
await assert.rejects(upload('nobody.mp4', { AUTHORIZATION: 'Bearer nobody' }), /\[unauthenticated\]/);
const effect = { kind: 'refuse', status: 403, code: 'AccessDenied' } as const;
emulator.faults.add({ operation: 'UploadPart', partNumber: 2, times: 1, effect });
await assert.rejects(upload('refused.mp4', {}), /part 2: response 403 of OSS/);
assert.deepEqual(emulator.model.uploads('media'), []);

server.close();
await emulator.close();
await rm(folder, { recursive: true });

async function upload(name: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const script = fileURLToPath(new URL('../curl-upload.sh', import.meta.url));
  const env = { ...process.env, AUTHORIZATION: 'Bearer session-of-wei', ...variables };
  const { stdout } = await promisify(execFile)('sh', [script, url, path, name], { env });
  assert.ok(stdout.includes(crc64(bytes)), stdout);
  const stored = emulator.model.object('media', `wei/${name}`);
  assert.deepEqual(await stored?.bytes(), bytes);
  console.log(stdout.trimEnd());
}
