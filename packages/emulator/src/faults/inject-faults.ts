import { setTimeout as realSleep } from 'node:timers/promises';
import { getHeader } from '../http/wire-text.ts';
import type { PartLocation } from '../inspection.ts';
import { OssError } from '../oss-error.ts';
import type { OssRequest, OssResponse, OssTarget, Outcome } from '../types.ts';
import { injectBodyFaults } from './body-faults.ts';
import { createFaultResponses, type FaultResponses } from './fault-responses.ts';
import { type FaultEffect, filterEffects } from './fault-rule.ts';
import type { Faults } from './faults.ts';
import { injectResponseFaults } from './response-faults.ts';

/** The methods of a model that fault injection calls. An `OssModel` has them all. */
export interface FaultInjectionModel {
  /** Carries out a request. */
  handle(request: OssRequest): Promise<OssResponse>;
  /** Names the operation, bucket, key and part of a request. Throws an `OssError` if it cannot be read. */
  identify(request: OssRequest): OssTarget;
  /** Flips a bit of a stored part, for the effect `corruptStoredPart`. */
  corruptPart(
    part: PartLocation & {
      /** `true`: ListParts keeps the checksums of the original bytes. Default: `false`. */
      readonly silent?: boolean;
    },
  ): unknown;
  /** Removes a stored part, for the effect `losePart`. */
  removePart(part: PartLocation): unknown;
}

/** A model with faults. */
export interface FaultyModel {
  /** Carries out a request, with the effects of the rules that match it. */
  handle(request: OssRequest): Promise<Outcome>;
}

/** How {@link injectFaults} waits and reads the time. */
export interface FaultInjectionOptions {
  /**
   * Waits for the effects `latency`, `bandwidth` and `slowDrip`, in ms. Default: real timers. A simulation
   * passes the sleep of its virtual clock.
   */
  readonly sleep?: (ms: number) => Promise<void>;
  /**
   * The time for the `Date` header of responses made by faults, in ms since the epoch. Default: the
   * system's.
   */
  readonly now?: () => number;
}

/**
 * Puts faults between clients and a model: each request first meets the rules that match it. Effects on the
 * connection are reported in the {@link Outcome}, because only the owner of the socket can carry them out.
 *
 * @param model The model that handles the requests.
 * @param faults The rules. They may change between requests.
 * @param options The timers and the clock.
 */
export function injectFaults(
  model: FaultInjectionModel,
  faults: Faults,
  { sleep = realSleep, now = Date.now }: FaultInjectionOptions = {},
): FaultyModel {
  const responses = createFaultResponses(now);
  return {
    async handle(request) {
      const target = identifyTarget(model, request);
      const effects = target === undefined ? [] : faults.takeEffects(target);
      for (const { ms } of filterEffects(effects, 'latency')) await sleep(ms);
      const exchange: Exchange = { model, request, target, effects, responses, sleep };
      const response = (await faultResponse('beforeHandling', exchange)) ?? (await handleRequest(exchange));
      if (typeof response === 'string') return { response: undefined, connection: response };
      return injectResponseFaults(response, effects, sleep);
    },
  };
}

/** `undefined` for a request that cannot be read: the model refuses it. */
function identifyTarget(model: FaultInjectionModel, request: OssRequest): OssTarget | undefined {
  try {
    return model.identify(request);
  } catch (reason) {
    if (reason instanceof OssError) return undefined;
    throw reason;
  }
}

interface Exchange {
  readonly model: FaultInjectionModel;
  readonly request: OssRequest;
  readonly target: OssTarget | undefined;
  readonly effects: readonly FaultEffect[];
  readonly responses: FaultResponses;
  readonly sleep: (ms: number) => Promise<void>;
}

/** A response, or what happens to the connection without one. */
type ResponseOrSilence = OssResponse | 'close' | 'reset' | 'hold';

/** Replaces the model's response. The first effect with a response decides; `undefined` if none has one. */
async function faultResponse(
  stage: 'beforeHandling' | 'afterHandling',
  { model, request, effects, responses }: Exchange,
): Promise<ResponseOrSilence | undefined> {
  for (const effect of effects) {
    if (effect.kind === 'refuse' && stage === 'beforeHandling') {
      return addCorsHeaders(model, request, responses.refuse(request, effect));
    }
    if (effect.kind === 'dropResponse' && stage === 'afterHandling') return 'close';
    if (effect.kind !== 'silent' && effect.kind !== 'errorIn200') continue;
    if ((effect.afterHandling === true) !== (stage === 'afterHandling')) continue;
    if (effect.kind === 'silent') return 'hold';
    return addCorsHeaders(model, request, responses.errorIn200(request, effect));
  }
  return undefined;
}

/** OSS sends CORS headers with errors too. The model's own response to a preflight has the right ones. */
async function addCorsHeaders(
  model: FaultInjectionModel,
  request: OssRequest,
  response: OssResponse,
): Promise<OssResponse> {
  if (getHeader(request, 'origin') === undefined) return response;
  const { 'access-control-request-headers': _, ...headers } = request.headers;
  const preflightHeaders = { ...headers, 'access-control-request-method': request.method };
  const preflight = await model.handle({
    ...request,
    method: 'OPTIONS',
    headers: preflightHeaders,
    body: emptyBody(),
  });
  if (preflight.status !== 200) return response;
  const cors = Object.entries(preflight.headers).filter(([name]) => /^access-control-|^vary$/i.test(name));
  return { ...response, headers: { ...Object.fromEntries(cors), ...response.headers } };
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

/** A connection that was reset while the model read the body stays reset, whatever the model returns. */
async function handleRequest(exchange: Exchange): Promise<ResponseOrSilence> {
  const { model, request, target, effects, sleep } = exchange;
  const body = injectBodyFaults(request.body, effects, sleep);
  try {
    const response = await model.handle({ ...request, body });
    if (body.wasReset()) return 'reset';
    if (target !== undefined && response.status === 200) await damagePart(model, target, effects);
    return (await faultResponse('afterHandling', exchange)) ?? response;
  } catch (reason) {
    if (body.wasReset()) return 'reset';
    throw reason;
  }
}

async function damagePart(
  model: FaultInjectionModel,
  target: OssTarget,
  effects: readonly FaultEffect[],
): Promise<void> {
  const { operation, bucket, key, uploadId, partNumber } = target;
  const isStored = operation === 'UploadPart' || operation === 'UploadPartCopy';
  if (!isStored || bucket === undefined || key === undefined) return;
  if (uploadId === undefined || partNumber === undefined) return;
  const part: PartLocation = { bucket, key, uploadId, partNumber };
  try {
    for (const { silent = false } of filterEffects(effects, 'corruptStoredPart')) {
      await model.corruptPart({ ...part, silent });
    }
    for (const _ of filterEffects(effects, 'losePart')) await model.removePart(part);
  } catch (reason) {
    // The upload ended while the part was stored: the part no longer exists.
    if (!(reason instanceof OssError) || reason.code !== 'NoSuchUpload') throw reason;
  }
}
