import { SETTLED } from '../../abort.ts';
import { abortedError, networkError, UploadError } from '../../errors.ts';
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
  /** The path of the handler, starting with `/`; the verb follows it. Default: `/`. */
  readonly basePath?: string | undefined;
  /** Pages of other origins that may send requests. Default: none. */
  readonly cors?: CorsOptions | undefined;
  /**
   * Called first for each request of a verb. A number rejects the request with `throttled`: the milliseconds
   * after which the client may try again. `undefined` accepts it. Default: no limit.
   */
  readonly rateLimit?:
    | ((request: Request, verb: Verb) => number | undefined | Promise<number | undefined>)
    | undefined;
  /** Called after each request, for logs. An error that it throws is ignored. */
  readonly onResponse?: ((handled: HandledRequest) => void) | undefined;
  /** For tests. Default: the system's clock. */
  readonly clock?: Clock | undefined;
}

/** The log record of a request. It contains no secrets. */
export interface HandledRequest {
  /** `undefined` if the path has no verb. */
  readonly verb: Verb | undefined;
  /** The HTTP status. After keep-alive spaces, which force a 200, the status of the result. */
  readonly status: number;
  /** Milliseconds from the request to its result. */
  readonly durationMs: number;
  /** The error that the client received, with its cause, which the client does not receive. */
  readonly error: UploadError | undefined;
}

/** Handles one `fetch` request. Every current framework can mount such a function. */
export type CoordinatorHandler = (request: Request) => Promise<Response>;

/**
 * Serves a coordinator over HTTP (docs/reference/protocol.md). The returned handler never rejects.
 *
 * @throws TypeError for an invalid option, and for a coordinator without `authorize`.
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
  if (!basePath.startsWith('/')) throw new TypeError("basePath must start with '/'");
  if (cors !== undefined) assertCors(cors);
  const base = basePath.replace(/\/+$/, '');
  return async (request) => {
    const startedAt = clock.now();
    const verb = findVerb(request, base);
    const report = (status: number, error: UploadError | undefined): void => {
      const durationMs = clock.now() - startedAt;
      void notify(() => onResponse?.({ verb, status, durationMs, error }));
    };
    const pending = respond(coordinator, request, verb, { ...options, clock }).then(
      (response) => {
        report(response.status, undefined);
        return response;
      },
      (reason: unknown) => {
        // Complete continues without its client: its failure is reported as it is.
        const isAborted = request.signal.aborted && verb !== 'complete';
        const error = isAborted ? abortedError() : UploadError.from(reason);
        report(statusOf(error), error);
        return errorResponse(error);
      },
    );
    const response = verb === 'complete' ? await streamKeepAliveResponse(pending, clock) : await pending;
    for (const [name, value] of Object.entries(corsHeaders(request, cors))) response.headers.set(name, value);
    response.headers.set('server-timing', `coordinator;dur=${clock.now() - startedAt}`);
    return response;
  };
}

function findVerb({ url }: Request, base: string): Verb | undefined {
  const { pathname } = new URL(url);
  const name = pathname.startsWith(`${base}/`) ? pathname.slice(base.length + 1) : '';
  return Object.hasOwn(BODY_SIZE_MAX, name) ? (name as Verb) : undefined;
}

async function respond(
  coordinator: Coordinator<Request>,
  request: Request,
  verb: Verb | undefined,
  { cors, rateLimit, clock }: HandlerOptions & { readonly clock: Clock },
): Promise<Response> {
  if (verb === undefined) throw badRequestError(404, 'the path of the request names no verb');
  if (request.method === 'OPTIONS') return preflightResponse(request, cors);
  if (request.method !== 'POST') throw badRequestError(405, 'the method of the request must be POST');
  assertNotCrossSite(request, cors);
  const retryAfterMs = await rateLimit?.(request, verb);
  if (retryAfterMs !== undefined) throw rateLimitedError(retryAfterMs);
  const json = await readBody(request, BODY_SIZE_MAX[verb], clock);
  const plane = coordinator.controlPlaneFor(request);
  if (verb === 'complete') return jsonResponse(200, await complete(plane, json, clock));
  return jsonResponse(200, await VERBS[verb](plane, json, request.signal));
}

type RunVerb = (plane: ControlPlane, json: string, signal: AbortSignal) => Promise<object>;

const VERBS: Readonly<Record<Exclude<Verb, 'complete'>, RunVerb>> = {
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

/** OSS completes even if the client disconnects. So the proof and the hook `completed` ignore its signal. */
async function complete(plane: ControlPlane, json: string, clock: Clock): Promise<object> {
  const input = readInput('complete', json);
  const settled = new AbortController();
  const timeout = new AbortController();
  clock.sleep(COMPLETE_MS_MAX, settled.signal).then(
    () => timeout.abort(completeTimeoutError()),
    // Complete was settled before the timeout.
    () => undefined,
  );
  try {
    return { object: await plane.complete({ ...input, signal: timeout.signal }) };
  } finally {
    settled.abort(SETTLED);
  }
}

/** OSS needs minutes to complete thousands of parts. */
const COMPLETE_MS_MAX = 900_000;

function completeTimeoutError(): UploadError {
  return networkError(`OSS did not respond to Complete within ${COMPLETE_MS_MAX} ms`, {
    context: { operation: 'complete' },
  });
}

function rateLimitedError(retryAfterMs: number): UploadError {
  return new UploadError({
    code: 'throttled',
    message: 'the client sends too many requests to the coordinator',
    disposition: 'transient',
    context: { retryAfterMs },
  });
}
