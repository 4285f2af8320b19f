import type { OssResponse, Outcome } from '../types.ts';
import { limitRate } from './body-faults.ts';
import { type FaultEffect, filterEffects } from './fault-rule.ts';

/** Applies the effects on a response. The outcome has the state of the connection after it. */
export function injectResponseFaults(
  response: OssResponse,
  effects: readonly FaultEffect[],
  sleep: (ms: number) => Promise<void>,
): Outcome {
  let { headers, body } = response;
  if (filterEffects(effects, 'wrongCrc').length > 0) headers = changeCrc64(headers);
  for (const { names } of filterEffects(effects, 'hideCorsHeaders'))
    headers = hideExposedHeaders(headers, names);
  const [truncate] = filterEffects(effects, 'truncateResponse');
  if (truncate !== undefined) {
    const { bytes = 0 } = truncate;
    headers = replaceHeader(headers, 'Content-Length', (length = '0') =>
      String(Math.max(Number(length), bytes + 1)),
    );
    body = takeBytes(readChunks(body), bytes);
  }
  for (const { bytesPerSecond } of filterEffects(effects, 'slowDrip')) {
    body = drip(readChunks(body), bytesPerSecond, sleep);
  }
  return { response: { ...response, headers, body }, connection: truncate === undefined ? 'keep' : 'cut' };
}

type Headers = OssResponse['headers'];

function changeCrc64(headers: Headers): Headers {
  return replaceHeader(headers, 'x-oss-hash-crc64ecma', (crc) =>
    crc === undefined ? undefined : String(BigInt(crc) ^ 1n),
  );
}

function hideExposedHeaders(headers: Headers, hidden: readonly string[] | undefined): Headers {
  const hiddenNames = hidden?.map((name) => name.toLowerCase());
  return replaceHeader(headers, 'Access-Control-Expose-Headers', (exposed = '') => {
    const names = exposed.split(',').map((name) => name.trim());
    const visible = names.filter(
      (name) => hiddenNames !== undefined && !hiddenNames.includes(name.toLowerCase()),
    );
    return visible.length === 0 ? undefined : visible.join(', ');
  });
}

/** Replaces a header, whatever the case of its name. `undefined` removes it. */
function replaceHeader(
  headers: Headers,
  name: string,
  replace: (value: string | undefined) => string | undefined,
): Headers {
  const others = Object.entries(headers).filter(([each]) => each.toLowerCase() !== name.toLowerCase());
  const current = Object.entries(headers).find(([each]) => each.toLowerCase() === name.toLowerCase());
  const value = replace(current?.[1]);
  return Object.fromEntries(value === undefined ? others : [...others, [current?.[0] ?? name, value]]);
}

async function* readChunks(body: OssResponse['body']): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}

async function* takeBytes(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let remaining = bytes;
  if (remaining === 0) return;
  for await (const chunk of body) {
    yield chunk.subarray(0, remaining);
    remaining -= Math.min(remaining, chunk.length);
    if (remaining === 0) return;
  }
}

async function* drip(
  body: AsyncIterable<Uint8Array>,
  bytesPerSecond: number,
  sleep: (ms: number) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  await sleep(100);
  yield* limitRate(body, bytesPerSecond, sleep);
}
