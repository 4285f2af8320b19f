import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noSuchUploadError } from '../errors.ts';
import type { OssResponse } from '../types.ts';
import { injectBodyFaults } from './body-faults.ts';
import type { FaultEffect } from './fault-rule.ts';
import { createFaults } from './faults.ts';
import { type FaultInjectionModel, injectFaults } from './inject-faults.ts';
import { injectResponseFaults } from './response-faults.ts';

/** A sleep that returns at once and counts the time. */
function createCountedSleep(): { sleep(ms: number): Promise<void>; sleptMs(): number } {
  let total = 0;
  return {
    sleep: async (ms) => {
      total += ms;
    },
    sleptMs: () => total,
  };
}

async function* chunks(...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let next = 0;
  for (const size of sizes) yield Uint8Array.from({ length: size }, () => next++ % 251);
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Uint8Array[] = [];
  for await (const chunk of body) copies.push(Uint8Array.from(chunk));
  return Buffer.concat(copies);
}

describe("a request's body", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 6 });

  test('with resetAfterBytes ends after exactly that many bytes, if it is long enough', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(200), async (lengths, bytes) => {
        const whole = await readAll(chunks(...lengths));
        const body = injectBodyFaults(
          chunks(...lengths),
          [{ kind: 'resetAfterBytes', bytes }],
          createCountedSleep().sleep,
        );
        let arrived = 0;
        const reading = (async () => {
          for await (const chunk of body) arrived += chunk.length;
        })();
        await reading.catch(() => {});
        expect(arrived).toBe(Math.min(bytes, whole.length));
        expect(body.wasReset()).toBe(bytes <= whole.length);
      }),
    );
  });

  test('with corruptIncoming has one bit flipped at the offset, and the sender’s memory is unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(200), async (lengths, offset) => {
        const sent = await readAll(chunks(...lengths));
        const memory: Uint8Array[] = [];
        async function* remembered(): AsyncGenerator<Uint8Array> {
          for await (const chunk of chunks(...lengths)) {
            memory.push(chunk);
            yield chunk;
          }
        }
        const effect: FaultEffect = { kind: 'corruptIncoming', offset };
        const arrived = await readAll(injectBodyFaults(remembered(), [effect], createCountedSleep().sleep));
        const differences = [...arrived.keys()].filter((index) => arrived[index] !== sent[index]);
        expect(arrived.length).toBe(sent.length);
        expect(differences).toEqual(offset < sent.length ? [offset] : []);
        expect(Buffer.concat(memory).equals(sent)).toBe(true);
      }),
    );
  });

  test('with bandwidth arrives slowly and complete', async () => {
    const { sleep, sleptMs } = createCountedSleep();
    const effect: FaultEffect = { kind: 'bandwidth', bytesPerSecond: 100 };
    const arrived = await readAll(injectBodyFaults(chunks(30, 0, 170), [effect], sleep));
    expect(arrived.equals(await readAll(chunks(30, 0, 170)))).toBe(true);
    expect(sleptMs()).toBeCloseTo(2000);
  });

  test('is not read before the model reads', async () => {
    let isRead = false;
    async function* watched(): AsyncGenerator<Uint8Array> {
      isRead = true;
      yield new Uint8Array(1);
    }
    const effects: readonly FaultEffect[] = [
      { kind: 'corruptIncoming' },
      { kind: 'bandwidth', bytesPerSecond: 1 },
      { kind: 'resetAfterBytes', bytes: 5 },
    ];
    const body = injectBodyFaults(watched(), effects, createCountedSleep().sleep);
    await Promise.resolve();
    expect(isRead).toBe(false);
    await readAll(body);
    expect(isRead).toBe(true);
  });
});

describe('a response', () => {
  const response: OssResponse = {
    status: 200,
    headers: {
      'content-length': '10',
      'x-oss-hash-crc64ecma': '18446744073709551615',
      'Access-Control-Expose-Headers': 'ETag, x-oss-request-id,Date',
    },
    body: Uint8Array.from({ length: 10 }, (_, index) => index),
  };

  async function injectEffects(...effects: readonly FaultEffect[]): Promise<{
    readonly headers: Readonly<Record<string, string>>;
    readonly bytes: number;
    readonly connection: string;
    readonly sleptMs: number;
  }> {
    const { sleep, sleptMs } = createCountedSleep();
    const outcome = injectResponseFaults(response, effects, sleep);
    if (outcome.response === undefined) throw new Error('no response');
    const { headers, body } = outcome.response;
    const bytes = body instanceof Uint8Array ? body.length : (await readAll(body)).length;
    return { headers, bytes, connection: outcome.connection, sleptMs: sleptMs() };
  }

  test('without effects is unchanged', async () => {
    expect(await injectEffects()).toEqual({
      headers: response.headers,
      bytes: 10,
      connection: 'keep',
      sleptMs: 0,
    });
  });

  test('with wrongCrc has a CRC64 with one bit changed, exact in all 64 bits', async () => {
    const { headers } = await injectEffects({ kind: 'wrongCrc' });
    expect(headers['x-oss-hash-crc64ecma']).toBe('18446744073709551614');
  });

  test('with truncateResponse announces more bytes than it sends', async () => {
    expect(await injectEffects({ kind: 'truncateResponse', bytes: 4 })).toMatchObject({
      headers: { 'content-length': '10' },
      bytes: 4,
      connection: 'cut',
    });
    expect(await injectEffects({ kind: 'truncateResponse', bytes: 30 })).toMatchObject({
      headers: { 'content-length': '31' },
      bytes: 10,
      connection: 'cut',
    });
  });

  test('with slowDrip is sent slowly', async () => {
    expect(await injectEffects({ kind: 'slowDrip', bytesPerSecond: 20 })).toMatchObject({
      bytes: 10,
      sleptMs: 600,
    });
  });

  test('with hideCorsHeaders exposes fewer headers to pages', async () => {
    const all = await injectEffects({ kind: 'hideCorsHeaders' });
    expect(all.headers).not.toHaveProperty('Access-Control-Expose-Headers');
    const some = await injectEffects({ kind: 'hideCorsHeaders', names: ['etag', 'DATE'] });
    expect(some.headers['Access-Control-Expose-Headers']).toBe('x-oss-request-id');
  });
});

test.each(['losePart', 'corruptStoredPart'] as const)(
  '%s does nothing if the upload ended meanwhile, and the response is unchanged',
  async (kind) => {
    const rejectAsNoSuchUpload = (): Promise<never> =>
      Promise.reject(noSuchUploadError('U', '0042-00000002'));
    const response: OssResponse = { status: 200, headers: {}, body: new Uint8Array() };
    const target = {
      operation: 'UploadPart',
      bucket: 'b',
      key: 'k',
      uploadId: 'U',
      partNumber: 1,
      query: [],
    } as const;
    const model: FaultInjectionModel = {
      handle: async () => response,
      identify: () => target,
      corruptPart: rejectAsNoSuchUpload,
      removePart: rejectAsNoSuchUpload,
    };
    const faults = createFaults({ advanceClock: () => undefined });
    faults.add({ operation: 'UploadPart', effect: { kind } });
    const request = { method: 'PUT', target: '/b/k', headers: {}, body: chunks() };
    expect(await injectFaults(model, faults).handle(request)).toMatchObject({ response: { status: 200 } });
  },
);
