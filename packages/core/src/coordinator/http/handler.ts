import { SETTLED } from '../../abort.ts';
import { abortedError, UploadError } from '../../errors.ts';
import type { Clock, ControlPlane } from '../../ports.ts';
import { systemClock } from '../../system.ts';
import type { Coordinator } from '../coordinator.ts';
import { notify } from '../hooks.ts';
import {
  assertCors,
  assertNotCrossSite,
  type CorsOptions,
  corsHeaders,
  preflightResponse,
} from './cross-origin.ts';
import { BODY_SIZE_MAX, badRequestError, readInput, type Verb } from './protocol.ts';
import { readBody } from './request-body.ts';
import { errorResponse, jsonResponse, statusOf, streamKeepAliveResponse } from './responses.ts';

/** Options of {@link createCoordinatorHandler}. */
export interface HandlerOptions {
  /** The path of the mount, starting with `/`. Default: `/`. */
  readonly basePath?: string | undefined;
  /** Other origins with pages that may send requests. Default: none. */
  readonly cors?: CorsOptions | undefined;
  /**
   * Called before the body is read. Returns the ms that the client has to wait before it retries, or
   * `undefined` to accept the request. Default: no limit.
   */
  readonly rateLimit?: ((request: Request, verb: Verb) => Wait | Promise<Wait>) | undefined;
  /** Called after every response. Its errors are ignored. */
  readonly onResponse?: ((handled: HandledRequest) => void) | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

type Wait = number | undefined;

/** A handled request, for a log. Holds no secret. */
export interface HandledRequest {
  /** `undefined` for an unknown path. */
  readonly verb: Verb | undefined;
  /** HTTP status; for a streamed response with status 200 on the wire, the status of its result. */
  readonly status: number;
  /** Milliseconds from request to result. */
  readonly durationMs: number;
  /** The complete error; the client receives less of an internal one. */
  readonly error: UploadError | undefined;
}

/** A coordinator as a handler of `fetch` requests. Never rejects. */
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
  const { basePath = '/', cors, clock = systemClock, onResponse } = options;
  coordinator.assertAuthorizes();
  if (!basePath.startsWith('/')) throw new TypeError("basePath must begin with '/'");
  if (cors !== undefined) assertCors(cors);
  const base = basePath.replace(/\/+$/, '');
  return async (request) => {
    const startedAt = clock.now();
    const verb = verbIn(request, base);
    const report = (status: number, error: UploadError | undefined): void => {
      const durationMs = clock.now() - startedAt;
      void notify(() => onResponse?.({ verb, status, durationMs, error }));
    };
    const handling = handleVerb(coordinator, request, verb, { ...options, clock }).then(
      (response) => {
        report(response.status, undefined);
        return response;
      },
      (reason: unknown) => {
        // Complete continues without its client: its failure has another cause.
        const isStopped = request.signal.aborted && verb !== 'complete';
        const error = isStopped ? abortedError() : UploadError.from(reason);
        report(statusOf(error), error);
        return errorResponse(error);
      },
    );
    const response = verb === 'complete' ? await streamKeepAliveResponse(handling, clock) : await handling;
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

async function handleVerb(
  coordinator: Coordinator<Request>,
  request: Request,
  verb: Verb | undefined,
  { cors, rateLimit, clock }: HandlerOptions & { readonly clock: Clock },
): Promise<Response> {
  if (verb === undefined) throw badRequestError(404, 'unknown path');
  if (request.method === 'OPTIONS') return preflightResponse(request, cors);
  if (request.method !== 'POST') throw badRequestError(405, 'the method must be POST');
  assertNotCrossSite(request, cors);
  const waitMs = await rateLimit?.(request, verb);
  if (waitMs !== undefined) throw rateLimitError(waitMs);
  const json = await readBody(request, BODY_SIZE_MAX[verb], clock);
  const plane = coordinator.controlPlaneFor(request);
  if (verb === 'complete') return jsonResponse(200, await complete(plane, json, clock));
  return jsonResponse(200, await VERBS[verb](plane, json, request.signal));
}

type HandleVerb = (plane: ControlPlane, json: string, signal: AbortSignal) => Promise<object>;

const VERBS: Readonly<Record<Exclude<Verb, 'complete'>, HandleVerb>> = {
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

/** OSS completes also when the client is gone: so do the proof and the hook. */
async function complete(plane: ControlPlane, json: string, clock: Clock): Promise<object> {
  const input = readInput('complete', json);
  const ended = new AbortController();
  const late = new AbortController();
  clock.sleep(COMPLETE_MS_MAX, ended.signal).then(
    () => late.abort(responseTimeoutError()),
    // Complete has settled first.
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

function responseTimeoutError(): UploadError {
  return new UploadError({
    code: 'network',
    message: `OSS sent no response to Complete within ${COMPLETE_MS_MAX} ms`,
    disposition: 'transient',
    context: { operation: 'complete' },
  });
}

function rateLimitError(waitMs: number): UploadError {
  return new UploadError({
    code: 'throttled',
    message: 'too many requests: rateLimit of the coordinator',
    disposition: 'transient',
    context: { retryAfterMs: waitMs },
  });
}
