import { SETTLED } from '../../abort.ts';
import { abortedError, UploadError } from '../../errors.ts';
import type { Clock, ControlPlane } from '../../ports.ts';
import { systemClock } from '../../system.ts';
import type { Coordinator } from '../coordinator.ts';
import { notify } from '../notify.ts';
import {
  assertCors,
  assertNotForged,
  type CorsOptions,
  corsHeaders,
  preflightAnswer,
} from './cross-origin.ts';
import { BODY_SIZE_MAX, badRequest, readInput, type Verb } from './protocol.ts';
import { readBody } from './request-body.ts';
import { errorAnswer, jsonAnswer, statusOf, streamKeepAliveResponse } from './responses.ts';

export interface HandlerOptions {
  /** The path under which it is mounted, beginning with `/`. Default: `/`. */
  readonly basePath?: string | undefined;
  /** Pages of other origins that may ask. Default: none. */
  readonly cors?: CorsOptions | undefined;
  /**
   * Asked before anything else is done: how many ms the client shall wait before it asks again; `undefined`
   * lets it pass.
   */
  readonly rateLimit?: ((request: Request, verb: Verb) => Wait | Promise<Wait>) | undefined;
  /** Told of every request when it has been answered. What it throws is ignored. */
  readonly onAnswered?: ((answered: AnsweredRequest) => void) | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

type Wait = number | undefined;

/** One line for a log: nothing in it is secret. */
export interface AnsweredRequest {
  /** `undefined` where the path names none. */
  readonly verb: Verb | undefined;
  /** Of an answer that took so long that it had to begin before its end, the one it would have had. */
  readonly status: number;
  readonly durationMs: number;
  /** What the client was told, and of a defect all that it was not told. */
  readonly error: UploadError | undefined;
}

/** A coordinator as a handler of `fetch` requests, which every framework of today can mount. */
export type CoordinatorHandler = (request: Request) => Promise<Response>;

/**
 * Serves a coordinator over HTTP (docs/reference/protocol.md). Throws a `TypeError` for a coordinator without
 * `authorize`, and for an invalid option.
 *
 * @example
 * ```ts
 * import { createCoordinator, createCoordinatorHandler } from '@partway/core/coordinator';
 * import { createOssObjectStore } from '@partway/core/oss';
 *
 * const coordinator = createCoordinator({
 *   store: createOssObjectStore({
 *     region: 'cn-hangzhou',
 *     bucket: 'media',
 *     credentials: {
 *       accessKeyId: process.env.OSS_ACCESS_KEY_ID ?? '',
 *       accessKeySecret: process.env.OSS_ACCESS_KEY_SECRET ?? '',
 *     },
 *   }),
 *   tokenKeys: [{ kid: '2026-11', key: Buffer.from(process.env.TOKEN_KEY ?? '', 'base64') }],
 *   identify: (request) => request.headers.get('authorization')?.replace('Bearer ', ''),
 *   authorize: (file, { principal }) => ({ key: `${principal}/${file.name}` }),
 *   policy: { sizeMax: 100 * 1024 ** 3 },
 * });
 * export const handler = createCoordinatorHandler(coordinator, { basePath: '/uploads' });
 * ```
 */
export function createCoordinatorHandler(
  coordinator: Coordinator<Request>,
  options: HandlerOptions = {},
): CoordinatorHandler {
  const { basePath = '/', cors, clock = systemClock, onAnswered } = options;
  coordinator.assertAuthorizes();
  if (!basePath.startsWith('/')) throw new TypeError("basePath must begin with '/'");
  if (cors !== undefined) assertCors(cors);
  const base = basePath.replace(/\/+$/, '');
  return async (request) => {
    const startedAt = clock.now();
    const verb = verbIn(request, base);
    const tell = (status: number, error: UploadError | undefined): void => {
      const durationMs = clock.now() - startedAt;
      void notify(() => onAnswered?.({ verb, status, durationMs, error }));
    };
    const answering = answer(coordinator, request, verb, { ...options, clock }).then(
      (response) => {
        tell(response.status, undefined);
        return response;
      },
      (reason: unknown) => {
        // Complete goes on without its client: whatever fails it is not that.
        const isStopped = request.signal.aborted && verb !== 'complete';
        const error = isStopped ? abortedError() : UploadError.from(reason);
        tell(statusOf(error), error);
        return errorAnswer(error);
      },
    );
    const response = verb === 'complete' ? await streamKeepAliveResponse(answering, clock) : await answering;
    for (const [name, value] of Object.entries(corsHeaders(request, cors))) response.headers.set(name, value);
    response.headers.set('server-timing', `coordinator;dur=${clock.now() - startedAt}`);
    return response;
  };
}

function verbIn({ url }: Request, base: string): Verb | undefined {
  const { pathname } = new URL(url);
  const name = pathname.startsWith(`${base}/`) ? pathname.slice(base.length + 1) : '';
  return Object.hasOwn(BODY_SIZE_MAX, name) ? (name as Verb) : undefined;
}

async function answer(
  coordinator: Coordinator<Request>,
  request: Request,
  verb: Verb | undefined,
  { cors, rateLimit, clock }: HandlerOptions & { readonly clock: Clock },
): Promise<Response> {
  if (verb === undefined) throw badRequest(404, 'there is no such path');
  if (request.method === 'OPTIONS') return preflightAnswer(request, cors);
  if (request.method !== 'POST') throw badRequest(405, 'the method must be POST');
  assertNotForged(request, cors);
  const waitMs = await rateLimit?.(request, verb);
  if (waitMs !== undefined) throw tooMany(waitMs);
  const json = await readBody(request, BODY_SIZE_MAX[verb], clock);
  const plane = coordinator.controlPlaneFor(request);
  if (verb === 'complete') return jsonAnswer(200, await complete(plane, json, clock));
  return jsonAnswer(200, await ANSWERS[verb](plane, json, request.signal));
}

type Answer = (plane: ControlPlane, json: string, signal: AbortSignal) => Promise<object>;

const ANSWERS: Readonly<Record<Exclude<Verb, 'complete'>, Answer>> = {
  async initiate(plane, json, signal) {
    const {
      name: key,
      size,
      object = {},
      partSize,
      previousAttemptAgeMs,
      presignCount,
    } = readInput('initiate', json);
    const file = { key, size: size ?? undefined, object, partSize };
    return { upload: await plane.initiate({ ...file, previousAttemptAgeMs, presignCount, signal }) };
  },
  async 'presign-parts'(plane, json, signal) {
    const { afterRefusal = false, ...request } = readInput('presign-parts', json);
    return { parts: await plane.presignParts({ ...request, afterRefusal, signal }) };
  },
  async 'list-parts'(plane, json, signal) {
    return { parts: await plane.listParts({ ...readInput('list-parts', json), signal }) };
  },
  async abort(plane, json, signal) {
    await plane.abort({ ...readInput('abort', json), signal });
    return {};
  },
};

/** OSS goes on completing when nobody listens any more: so does the proof, and the hook behind it. */
async function complete(plane: ControlPlane, json: string, clock: Clock): Promise<object> {
  const input = readInput('complete', json);
  const ended = new AbortController();
  const late = new AbortController();
  clock.sleep(COMPLETE_MS_MAX, ended.signal).then(
    () => late.abort(noAnswer()),
    // It has ended first.
    () => undefined,
  );
  try {
    return { object: await plane.complete({ ...input, signal: late.signal }) };
  } finally {
    ended.abort(SETTLED);
  }
}

/** Completing thousands of parts takes OSS minutes. */
const COMPLETE_MS_MAX = 900_000;

function noAnswer(): UploadError {
  return new UploadError({
    code: 'network',
    message: `OSS did not answer for ${COMPLETE_MS_MAX} ms`,
    disposition: 'transient',
    context: { operation: 'complete' },
  });
}

function tooMany(waitMs: number): UploadError {
  return new UploadError({
    code: 'throttled',
    message: 'too many requests',
    disposition: 'transient',
    context: { retryAfterMs: waitMs },
  });
}
