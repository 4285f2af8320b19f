import { UploadError } from '../errors.ts';
import { createPartBody, sourceChangedError } from '../parts/part-body.ts';
import { ERROR_BODY_MAX, type PartResponse } from '../ports.ts';
import { type ConformanceCase, expectTrue, getRejection } from './conformance.ts';
import { createInMemorySource } from './in-memory-source.ts';
import type { ScriptedAddress, ScriptedResponse } from './scripted-server.ts';
import {
  BODY_CRC64,
  BYTES,
  OK,
  put,
  runOnStage,
  SIZE,
  type Stage,
  type TransportHarness,
} from './transport-stage.ts';

/** The contract of a {@link Transport}, as cases for any test runner. */
export function transportConformance(harness: TransportHarness): readonly ConformanceCase[] {
  const cases: readonly [name: string, check: (stage: Stage) => Promise<void>][] = [
    [
      'sends the body with its length and headers, and no other header that OSS signs [pain-30]',
      sendsVerbatim,
    ],
    ['sends path and query unchanged', keepsAddress],
    ['sends an empty body', sendsEmptyBody],
    ['resolves for every status', resolvesEveryStatus],
    ['returns the headers in lower case and the text of the response', returnsResponse],
    ['reads at most ERROR_BODY_MAX bytes of a response', limitsResponse],
    ['does not follow redirects', rejectsRedirect],
    ['reports progress that never falls, up to the size', reportsProgress],
    ['sends several parts in parallel and in sequence', sendsMany],
    ['rejects with network, transient, for a lost connection', rejectsReset],
    ['sends the next part after a lost connection', continuesAfterReset],
    ['abort closes the connection and rejects with the reason', abortsInFlight],
    ['sends nothing with an aborted signal', rejectsAbortedSignal],
    ['rejects with the error of the body', rejectsWithBodyError],
  ];
  const streaming: typeof cases = [
    ['resolves with an early response before the end of the body [pain-20]', returnsEarlyResponse],
    [
      'resolves with an early response when the connection is reset during the body',
      returnsResponseBeforeReset,
    ],
  ];
  return [...cases, ...(harness.sendsWhileReading ? streaming : [])].map(([name, check]) => ({
    name,
    run: () => runOnStage(harness, check),
  }));
}

async function sendsVerbatim(stage: Stage): Promise<void> {
  const address = await stage.server.serve(OK);
  const headers = { 'x-oss-meta-one': 'a b', 'content-type': 'text/plain; charset=x' };
  await put(stage, address, { headers });
  const received = await address.received();
  expectTrue(received.method === 'PUT', `the method is PUT, not ${received.method}`);
  expectTrue(received.bodySize === SIZE && received.bodyCrc64 === BODY_CRC64, 'the body arrives unchanged');
  expectTrue(received.headers['content-length'] === String(SIZE), 'Content-Length is the size');
  expectTrue(!('transfer-encoding' in received.headers), 'the body is not sent with chunked encoding');
  for (const [name, value] of Object.entries(headers)) {
    expectTrue(received.headers[name] === value, `${name} is sent verbatim`);
  }
  const bare = await stage.server.serve(OK);
  await put(stage, bare);
  const added = Object.keys((await bare.received()).headers).filter((name) => SIGNED_HEADERS.test(name));
  expectTrue(added.length === 0, `no header that OSS signs is added: ${added.join(', ')}`);
}

const SIGNED_HEADERS = /^(content-type|content-md5|authorization|date|expect|x-oss-.*)$/;

async function keepsAddress(stage: Stage): Promise<void> {
  const address = await stage.server.serve(OK);
  await put(stage, address);
  const { target } = await address.received();
  expectTrue(address.url.endsWith(target) && target.includes('?'), 'path and query arrive unchanged');
}

async function sendsEmptyBody(stage: Stage): Promise<void> {
  const address = await stage.server.serve(OK);
  const { status } = await put(stage, address, { body: createInMemorySource(new Uint8Array(0)).part(0, 0) });
  const { headers, bodySize } = await address.received();
  expectTrue(status === 200 && bodySize === 0, 'an empty body resolves like any other');
  expectTrue(headers['content-length'] === '0', 'its Content-Length is 0');
  expectTrue(!('content-type' in headers), 'it has no Content-Type');
}

async function resolvesEveryStatus(stage: Stage): Promise<void> {
  for (const status of [200, 203, 400, 403, 404, 408, 409, 411, 412, 429, 500, 502, 503, 504]) {
    const address = await stage.server.serve({ ...OK, status, body: `<Error>${status}</Error>` });
    const response = await put(stage, address);
    expectTrue(response.status === status, `${status} resolves as ${response.status}`);
    expectTrue(response.body === `<Error>${status}</Error>`, `the response ${status} has its body`);
  }
}

async function returnsResponse(stage: Stage): Promise<void> {
  const headers = { ETag: '"ABC"', 'X-Oss-Request-Id': '5F', 'x-oss-hash-crc64ecma': '123' };
  const address = await stage.server.serve({ ...OK, headers, body: 'grüße' });
  const response = await put(stage, address);
  expectTrue(response.headers.etag === '"ABC"', 'the ETag is unchanged');
  expectTrue(response.headers['x-oss-request-id'] === '5F', 'names are in lower case');
  expectTrue(response.headers['x-oss-hash-crc64ecma'] === '123', 'the CRC64 is returned');
  expectTrue(response.body === 'grüße', 'the text is read as UTF-8');
}

async function limitsResponse(stage: Stage): Promise<void> {
  const body = 'x'.repeat(3 * ERROR_BODY_MAX);
  const response = await put(stage, await stage.server.serve({ ...OK, status: 500, body }));
  expectTrue(response.status === 500, 'a long response resolves');
  expectTrue(response.body === body.slice(0, ERROR_BODY_MAX), `${ERROR_BODY_MAX} bytes of it are read`);
}

async function rejectsRedirect(stage: Stage): Promise<void> {
  const target = await stage.server.serve(OK);
  const headers = { location: target.url };
  const address = await stage.server.serve({ ...OK, status: 307, headers });
  const outcome = await put(stage, address).catch((reason: unknown) => reason);
  const isNetworkError = outcome instanceof UploadError && outcome.code === 'network';
  const isResponse = !(outcome instanceof Error) && (outcome as PartResponse).status === 307;
  expectTrue(
    isNetworkError || isResponse,
    'a redirect resolves, or rejects with network where the platform hides it',
  );
  if (stage.followsRedirects) return;
  expectTrue((await target.requestCount()) === 0, 'nothing is sent to the target of a redirect');
}

async function reportsProgress(stage: Stage): Promise<void> {
  const progress: number[] = [];
  await put(stage, await stage.server.serve(OK), { onProgress: (sentBytes) => progress.push(sentBytes) });
  expectTrue(progress.at(-1) === SIZE, `progress ends with the size, not with ${progress.at(-1)}`);
  expectTrue(
    progress.every((sentBytes, index) => sentBytes >= (progress[index - 1] ?? 0)),
    'progress never falls',
  );
}

async function sendsMany(stage: Stage): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const addresses = await Promise.all(Array.from({ length: 5 }, () => stage.server.serve(OK)));
    await Promise.all(addresses.map((address) => put(stage, address)));
    const received = await Promise.all(addresses.map((address) => address.received()));
    expectTrue(
      received.every(({ bodyCrc64 }) => bodyCrc64 === BODY_CRC64),
      'every body arrives unchanged',
    );
  }
}

async function rejectsReset(stage: Stage): Promise<void> {
  const address = await stage.server.serve({ ...OK, behaviour: 'reset' });
  expectNetworkError(await getRejection(put(stage, address)), address);
}

async function continuesAfterReset(stage: Stage): Promise<void> {
  const address = await stage.server.serve({ ...OK, behaviour: 'reset' });
  await getRejection(put(stage, address));
  const { status } = await put(stage, await stage.server.serve(OK));
  expectTrue(status === 200, 'the next request resolves');
}

function expectNetworkError(reason: unknown, { url }: ScriptedAddress): void {
  expectTrue(reason instanceof UploadError, 'it rejects with an UploadError');
  expectTrue(reason.code === 'network', `its code is network, not ${reason.code}`);
  expectTrue(reason.retryable, 'it is transient');
  expectTrue(!`${reason.message} ${reason.hint}`.includes(url), 'it does not contain the URL');
}

async function abortsInFlight(stage: Stage): Promise<void> {
  const stop = new AbortController();
  const address = await stage.server.serve({ ...OK, behaviour: 'silent' });
  const rejection = getRejection(put(stage, address, { signal: stop.signal }));
  const reason = new Error('aborted by the conformance suite');
  await address.arrived();
  stop.abort(reason);
  expectTrue((await rejection) === reason, 'it rejects with the reason of the abort');
  await address.closed();
}

async function rejectsAbortedSignal(stage: Stage): Promise<void> {
  const address = await stage.server.serve(OK);
  const reason = new Error('aborted by the conformance suite');
  const signal = AbortSignal.abort(reason);
  expectTrue((await getRejection(put(stage, address, { signal }))) === reason, 'it rejects with the reason');
  expectTrue((await address.requestCount()) === 0, 'nothing is sent');
}

async function rejectsWithBodyError(stage: Stage): Promise<void> {
  const failure = sourceChangedError('for the conformance suite');
  const body = createPartBody({
    size: SIZE,
    async *read() {
      yield BYTES.subarray(0, 1024 * 1024);
      throw failure;
    },
  });
  const address = await stage.server.serve(OK);
  expectTrue(
    (await getRejection(put(stage, address, { body }))) === failure,
    'it rejects with the same error',
  );
}

async function returnsEarlyResponse(stage: Stage): Promise<void> {
  const address = await stage.server.serve({ ...ACCESS_DENIED, behaviour: 'respond-early' });
  let continueBody = (): void => undefined;
  const continued = new Promise<void>((resolve) => {
    continueBody = resolve;
  });
  const body = createPartBody({
    size: SIZE,
    async *read() {
      yield BYTES.subarray(0, 1024 * 1024);
      await continued;
      yield BYTES.subarray(1024 * 1024);
    },
  });
  const response = await put(stage, address, { body });
  continueBody();
  expectTrue(response.status === 403 && response.body === ACCESS_DENIED.body, 'the response is returned');
}

async function returnsResponseBeforeReset(stage: Stage): Promise<void> {
  const bytes = new Uint8Array(16 * 1024 * 1024);
  for (let round = 0; round < 10; round++) {
    const address = await stage.server.serve({ ...ACCESS_DENIED, behaviour: 'respond-and-reset' });
    const response = await put(stage, address, { body: createInMemorySource(bytes).part(0, bytes.length) });
    expectTrue(
      response.status === 403 && response.body === ACCESS_DENIED.body,
      'the response is returned, not the lost connection',
    );
  }
}

const ACCESS_DENIED: ScriptedResponse = {
  ...OK,
  status: 403,
  body: '<Error><Code>AccessDenied</Code></Error>',
};
