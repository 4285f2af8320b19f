import type { Outcome } from '../outcome.ts';
import type { OssResponse } from '../types.ts';
import { effectsOf, type FaultEffect } from './fault-rule.ts';
import { paced } from './misbehaving-body.ts';

/** The model's answer as it leaves, with the effects that change an answer. */
export function misbehavingResponse(
  response: OssResponse,
  effects: readonly FaultEffect[],
  sleep: (ms: number) => Promise<void>,
): Outcome {
  let { headers, body } = response;
  if (effectsOf(effects, 'wrongCrc').length > 0) headers = withWrongCrc(headers);
  for (const { names } of effectsOf(effects, 'hideCorsHeaders')) headers = withoutExposed(headers, names);
  const [truncate] = effectsOf(effects, 'truncateResponse');
  if (truncate !== undefined) {
    const { bytes = 0 } = truncate;
    headers = withHeader(headers, 'Content-Length', (length = '0') =>
      String(Math.max(Number(length), bytes + 1)),
    );
    body = firstBytes(chunksOf(body), bytes);
  }
  for (const { bytesPerSecond } of effectsOf(effects, 'slowDrip')) {
    body = dripping(chunksOf(body), bytesPerSecond, sleep);
  }
  return { response: { ...response, headers, body }, connection: truncate === undefined ? 'keep' : 'cut' };
}

type Headers = OssResponse['headers'];

function withWrongCrc(headers: Headers): Headers {
  return withHeader(headers, 'x-oss-hash-crc64ecma', (crc) =>
    crc === undefined ? undefined : String(BigInt(crc) ^ 1n),
  );
}

function withoutExposed(headers: Headers, hidden: readonly string[] | undefined): Headers {
  const hiddenNames = hidden?.map((name) => name.toLowerCase());
  return withHeader(headers, 'Access-Control-Expose-Headers', (exposed = '') => {
    const names = exposed.split(',').map((name) => name.trim());
    const left = names.filter(
      (name) => hiddenNames !== undefined && !hiddenNames.includes(name.toLowerCase()),
    );
    return left.length === 0 ? undefined : left.join(', ');
  });
}

/** Replaces a header in whatever case it is written; `undefined` leaves it out. */
function withHeader(
  headers: Headers,
  name: string,
  replace: (value: string | undefined) => string | undefined,
): Headers {
  const others = Object.entries(headers).filter(([each]) => each.toLowerCase() !== name.toLowerCase());
  const current = Object.entries(headers).find(([each]) => each.toLowerCase() === name.toLowerCase());
  const value = replace(current?.[1]);
  return Object.fromEntries(value === undefined ? others : [...others, [current?.[0] ?? name, value]]);
}

async function* chunksOf(body: OssResponse['body']): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}

async function* firstBytes(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  if (left === 0) return;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
    if (left === 0) return;
  }
}

async function* dripping(
  body: AsyncIterable<Uint8Array>,
  bytesPerSecond: number,
  sleep: (ms: number) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  await sleep(100);
  yield* paced(body, bytesPerSecond, sleep);
}
