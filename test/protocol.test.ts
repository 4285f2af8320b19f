import { crc64 } from '@partway/core';
import { toJsonSchema } from '@valibot/to-json-schema';
import { expect, test } from 'vitest';
import {
  BODY_SIZE_MAX,
  INPUTS,
  readInput,
  type Verb,
} from '../packages/core/src/coordinator/http/protocol.ts';
import { type CoordinatorStage, createStage } from '../packages/core/test/stages/coordinator-stage.ts';
import { examplesIn, passageIn, readDocument } from './documents.ts';

const document = readDocument('reference/protocol.md');
const blocks = new Map(examplesIn(document).map(({ name, code }) => [name, code]));
const verbs = Object.keys(INPUTS) as Verb[];
const content = new Uint8Array(250_000).fill(7);

test('protocol.schema.json is generated from the schemas of the handler (vitest -u updates it)', async () => {
  const schemas = Object.fromEntries(
    verbs.map((verb) => [verb, toJsonSchema(INPUTS[verb], { errorMode: 'ignore' })]),
  );
  await expect(`${JSON.stringify(schemas, null, 2)}\n`).toMatchFileSnapshot(
    '../docs/reference/protocol.schema.json',
  );
});

test('every verb has a valid example request', () => {
  for (const verb of verbs) {
    expect(readInput(verb, blocks.get(`${verb}-request`) ?? '')).toBeTypeOf('object');
  }
  expect(blocks.size).toBe(2 * verbs.length + 1);
});

test('the page contains the size limits of request bodies', () => {
  const sizes = passageIn(document, 'body-sizes');
  const { initiate, 'presign-parts': presignParts, complete } = BODY_SIZE_MAX;
  expect(sizes).toContain(`${initiate / 1024} KiB`);
  expect(sizes).toContain(`\`presign-parts\` ${presignParts / 1024} KiB`);
  expect(sizes).toContain(`\`complete\` ${complete / 1024 ** 2} MiB`);
});

test('every response has the documented shape', async () => {
  const stage = createStage();
  const responses = await requestEveryVerb(stage);
  for (const verb of verbs) {
    expect(shapeOf(responses.get(verb)), verb).toEqual(
      shapeOf(JSON.parse(blocks.get(`${verb}-response`) ?? '')),
    );
  }
  const refused = await stage.post('abort', { uploadToken: 'forged' });
  expect(refused.json).toEqual(JSON.parse(blocks.get('error') ?? ''));
});

/** The documented requests, one after another, with the token of the first response. */
async function requestEveryVerb(stage: CoordinatorStage): Promise<Map<Verb, unknown>> {
  const responses = new Map<Verb, unknown>();
  let token = '';
  async function request(verb: Verb, changed: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const body = { ...JSON.parse(blocks.get(`${verb}-request`) ?? ''), ...changed };
    const { status, json } = await stage.post(
      verb,
      'uploadToken' in body ? { ...body, uploadToken: token } : body,
    );
    expect({ verb, status }).toEqual({ verb, status: 200 });
    responses.set(verb, json);
    return json ?? {};
  }
  const { upload } = (await request('initiate')) as {
    upload: { uploadToken: string; presigned: Presigned[] };
  };
  token = upload.uploadToken;
  for (const part of upload.presigned) await send(stage, part);
  await request('list-parts');
  const { parts } = (await request('presign-parts')) as { parts: Presigned[] };
  for (const part of parts) await send(stage, part);
  const receipts = [102_400, 102_400, 45_200].map((size, index) => {
    return { partNumber: index + 1, size, crc64: crc64(content.subarray(0, size)) };
  });
  await request('complete', { receipts });
  await request('abort');
  return responses;
}

interface Presigned {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function send(stage: CoordinatorStage, { url, headers }: Presigned): Promise<void> {
  expect(await stage.put(url, headers, content.subarray(0, Number(headers['content-length'])))).toBe(200);
}

/** Names and types, without the values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
}
