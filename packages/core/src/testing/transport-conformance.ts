import { UploadError } from '../errors.ts';
import { createPartBody, sourceChangedError } from '../parts/part-body.ts';
import { ERROR_BODY_MAX, type PartResponse } from '../ports.ts';
import { type ConformanceCase, claim, rejectionOf } from './conformance.ts';
import { createInMemorySource } from './in-memory-source.ts';
import type { AnswerScript, ScriptedAddress } from './scripted-server.ts';
import {
  BODY_CRC64,
  BYTES,
  OK,
  onStage,
  put,
  SIZE,
  type Stage,
  type TransportHarness,
} from './transport-stage.ts';

/** What every {@link Transport} must do, as cases for any test runner. */
export function transportConformance(harness: TransportHarness): readonly ConformanceCase[] {
  const cases: readonly [name: string, check: (stage: Stage) => Promise<void>][] = [
    ['sends the body with its length and its headers, and no other that is signed [pain-30]', sendsVerbatim],
    ['sends the address as it was signed', keepsAddress],
    ['sends an empty body', sendsEmptyBody],
    ['resolves for every status', resolvesEveryStatus],
    ['gives the headers in lower case and the text of the answer', givesAnswer],
    ['reads no more of an answer than it must', boundsAnswer],
    ['takes no answer from where a redirect leads', followsNoRedirect],
    ['tells progress that never falls, up to the size', reportsProgress],
    ['sends several parts at once, and one after another', sendsMany],
    ['rejects a lost connection as a transient network failure', rejectsReset],
    ['goes on after a lost connection', goesOnAfterReset],
    ['closes the connection when it is aborted, and rejects with the reason', abortsInFlight],
    ['sends nothing for a signal aborted before', refusesAborted],
    ['rejects with the failure of the body', passesBodyFailure],
  ];
  const streaming: typeof cases = [
    ['resolves with an early answer before the body has ended [pain-20]', noticesEarlyAnswer],
    ['resolves with an early answer also when the connection is reset under the body', survivesReset],
  ];
  return [...cases, ...(harness.sendsWhileReading ? streaming : [])].map(([name, check]) => ({
    name,
    run: () => onStage(harness, check),
  }));
}

async function sendsVerbatim(stage: Stage): Promise<void> {
  const address = await stage.server.serve(OK);
  const headers = { 'x-oss-meta-one': 'a b', 'content-type': 'text/plain; charset=x' };
  await put(stage, address, { headers });
  const received = await address.received();
  claim(received.method === 'PUT', `the method is PUT, not ${received.method}`);
  claim(received.bodySize === SIZE && received.bodyCrc64 === BODY_CRC64, 'the body arrives as it is');
  claim(received.headers['content-length'] === String(SIZE), 'Content-Length is the size');
  claim(!('transfer-encoding' in received.headers), 'the body is not sent in chunks of HTTP');
  for (const [name, value] of Object.entries(headers)) {
    claim(received.headers[name] === value, `${name} is sent verbatim`);
  }
  const bare = await stage.server.serve(OK);
  await put(stage, bare);
  const added = Object.keys((await bare.received()).headers).filter((name) => SIGNED_HEADERS.test(name));
  claim(added.length === 0, `no header that OSS signs is added: ${added.join(', ')}`);
}

const SIGNED_HEADERS = /^(content-type|content-md5|authorization|date|expect|x-oss-.*)$/;

async function keepsAddress(stage: Stage): Promise<void> {
  const address = await stage.server.serve(OK);
  await put(stage, address);
  const { target } = await address.received();
  claim(address.url.endsWith(target) && target.includes('?'), 'path and query arrive as they were signed');
}

async function sendsEmptyBody(stage: Stage): Promise<void> {
  const address = await stage.server.serve(OK);
  const { status } = await put(stage, address, { body: createInMemorySource(new Uint8Array(0)).part(0, 0) });
  const { headers, bodySize } = await address.received();
  claim(status === 200 && bodySize === 0, 'an empty body is answered like any other');
  claim(headers['content-length'] === '0', 'its Content-Length is 0');
  claim(!('content-type' in headers), 'it has no Content-Type');
}

async function resolvesEveryStatus(stage: Stage): Promise<void> {
  for (const status of [200, 203, 400, 403, 404, 408, 409, 411, 412, 429, 500, 502, 503, 504]) {
    const address = await stage.server.serve({ ...OK, status, body: `<Error>${status}</Error>` });
    const response = await put(stage, address);
    claim(response.status === status, `${status} resolves as ${response.status}`);
    claim(response.body === `<Error>${status}</Error>`, `the answer ${status} has its body`);
  }
}

async function givesAnswer(stage: Stage): Promise<void> {
  const headers = { ETag: '"ABC"', 'X-Oss-Request-Id': '5F', 'x-oss-hash-crc64ecma': '123' };
  const address = await stage.server.serve({ ...OK, headers, body: 'grüße' });
  const response = await put(stage, address);
  claim(response.headers.etag === '"ABC"', 'ETag is given as it is');
  claim(response.headers['x-oss-request-id'] === '5F', 'names are in lower case');
  claim(response.headers['x-oss-hash-crc64ecma'] === '123', 'the CRC64 is given');
  claim(response.body === 'grüße', 'the text is read as UTF-8');
}

async function boundsAnswer(stage: Stage): Promise<void> {
  const body = 'x'.repeat(3 * ERROR_BODY_MAX);
  const response = await put(stage, await stage.server.serve({ ...OK, status: 500, body }));
  claim(response.status === 500, 'a long answer is an answer');
  claim(response.body === body.slice(0, ERROR_BODY_MAX), `${ERROR_BODY_MAX} bytes of it are read`);
}

async function followsNoRedirect(stage: Stage): Promise<void> {
  const target = await stage.server.serve(OK);
  const headers = { location: target.url };
  const address = await stage.server.serve({ ...OK, status: 307, headers });
  const outcome = await put(stage, address).catch((reason: unknown) => reason);
  const isNetworkFailure = outcome instanceof UploadError && outcome.code === 'network';
  const isAnswer = !(outcome instanceof Error) && (outcome as PartResponse).status === 307;
  claim(
    isNetworkFailure || isAnswer,
    'a redirect is an answer, or where it cannot be seen a network failure',
  );
  if (stage.followsRedirects) return;
  claim((await target.requestCount()) === 0, 'nothing is sent to where a redirect leads');
}

async function reportsProgress(stage: Stage): Promise<void> {
  const progress: number[] = [];
  await put(stage, await stage.server.serve(OK), { onProgress: (sentBytes) => progress.push(sentBytes) });
  claim(progress.at(-1) === SIZE, `progress ends with the size, not with ${progress.at(-1)}`);
  claim(
    progress.every((sentBytes, index) => sentBytes >= (progress[index - 1] ?? 0)),
    'progress never falls',
  );
}

async function sendsMany(stage: Stage): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const addresses = await Promise.all(Array.from({ length: 5 }, () => stage.server.serve(OK)));
    await Promise.all(addresses.map((address) => put(stage, address)));
    const received = await Promise.all(addresses.map((address) => address.received()));
    claim(
      received.every(({ bodyCrc64 }) => bodyCrc64 === BODY_CRC64),
      'every body arrives as it is',
    );
  }
}

async function rejectsReset(stage: Stage): Promise<void> {
  const address = await stage.server.serve({ ...OK, behaviour: 'reset' });
  claimNetworkFailure(await rejectionOf(put(stage, address)), address);
}

async function goesOnAfterReset(stage: Stage): Promise<void> {
  const address = await stage.server.serve({ ...OK, behaviour: 'reset' });
  await rejectionOf(put(stage, address));
  const { status } = await put(stage, await stage.server.serve(OK));
  claim(status === 200, 'the next request is not disturbed');
}

function claimNetworkFailure(reason: unknown, { url }: ScriptedAddress): void {
  claim(reason instanceof UploadError, 'it rejects with an UploadError');
  claim(reason.code === 'network', `its code is network, not ${reason.code}`);
  claim(reason.retryable, 'it is transient');
  claim(!`${reason.message} ${reason.hint}`.includes(url), 'it never holds the URL');
}

async function abortsInFlight(stage: Stage): Promise<void> {
  const stop = new AbortController();
  const address = await stage.server.serve({ ...OK, behaviour: 'silent' });
  const rejection = rejectionOf(put(stage, address, { signal: stop.signal }));
  const reason = new Error('stopped by the conformance suite');
  await address.arrived();
  stop.abort(reason);
  claim((await rejection) === reason, 'it rejects with the reason of the abort');
  await address.closed();
}

async function refusesAborted(stage: Stage): Promise<void> {
  const address = await stage.server.serve(OK);
  const reason = new Error('stopped by the conformance suite');
  const signal = AbortSignal.abort(reason);
  claim((await rejectionOf(put(stage, address, { signal }))) === reason, 'it rejects with the reason');
  claim((await address.requestCount()) === 0, 'nothing is sent');
}

async function passesBodyFailure(stage: Stage): Promise<void> {
  const failure = sourceChangedError('the conformance suite says so');
  const body = createPartBody({
    size: SIZE,
    async *read() {
      yield BYTES.subarray(0, 1024 * 1024);
      throw failure;
    },
  });
  const address = await stage.server.serve(OK);
  claim((await rejectionOf(put(stage, address, { body }))) === failure, 'it rejects with that very error');
}

async function noticesEarlyAnswer(stage: Stage): Promise<void> {
  const address = await stage.server.serve({ ...REFUSED, behaviour: 'answer-early' });
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const body = createPartBody({
    size: SIZE,
    async *read() {
      yield BYTES.subarray(0, 1024 * 1024);
      await held;
      yield BYTES.subarray(1024 * 1024);
    },
  });
  const response = await put(stage, address, { body });
  goOn();
  claim(response.status === 403 && response.body === REFUSED.body, 'the answer is given');
}

async function survivesReset(stage: Stage): Promise<void> {
  const bytes = new Uint8Array(16 * 1024 * 1024);
  for (let round = 0; round < 10; round++) {
    const address = await stage.server.serve({ ...REFUSED, behaviour: 'answer-and-reset' });
    const response = await put(stage, address, { body: createInMemorySource(bytes).part(0, bytes.length) });
    claim(
      response.status === 403 && response.body === REFUSED.body,
      'the answer is given, not the lost connection',
    );
  }
}

const REFUSED: AnswerScript = { ...OK, status: 403, body: '<Error><Code>AccessDenied</Code></Error>' };
