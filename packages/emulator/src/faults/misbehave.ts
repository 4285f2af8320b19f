import { setTimeout as realSleep } from 'node:timers/promises';
import { headerOf } from '../http/wire-text.ts';
import { OssError } from '../oss-error.ts';
import type { Outcome } from '../outcome.ts';
import type { OssRequest, OssResponse, OssTarget } from '../types.ts';
import { createFaultAnswers, type FaultAnswers } from './fault-responses.ts';
import { effectsOf, type FaultEffect } from './fault-rule.ts';
import type { Faults } from './faults.ts';
import { misbehavingBody } from './misbehaving-body.ts';
import { misbehavingResponse } from './misbehaving-response.ts';

/** As much of the model as misbehaviour needs. */
export interface MisbehavingModel {
  handle(request: OssRequest): Promise<OssResponse>;
  identify(request: OssRequest): OssTarget;
  corruptPart(part: StoredPart & { readonly silent?: boolean }): unknown;
  removePart(part: StoredPart): unknown;
}

export interface StoredPart {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly partNumber: number;
}

export interface MisbehavingOptions {
  /**
   * How latency, bandwidth and slow drips pass their time. Default: real timers; a simulation has a virtual
   * clock.
   */
  readonly sleep?: (ms: number) => Promise<void>;
  /** For the Date header of answers that the model did not make. Default: the system's time. */
  readonly now?: () => number;
}

/**
 * The model with every fault that needs no socket; what does need one is left to do in the {@link Outcome}.
 */
export function misbehaving(
  model: MisbehavingModel,
  faults: Faults,
  { sleep = realSleep, now = Date.now }: MisbehavingOptions = {},
): { handle(request: OssRequest): Promise<Outcome> } {
  const answers = createFaultAnswers(now);
  return {
    async handle(request) {
      const target = identified(model, request);
      const effects = target === undefined ? [] : faults.take(target);
      for (const { ms } of effectsOf(effects, 'latency')) await sleep(ms);
      const exchange: Exchange = { model, request, target, effects, answers, sleep };
      const answer = (await instead('beforeWork', exchange)) ?? (await work(exchange));
      if (typeof answer === 'string') return { response: undefined, connection: answer };
      return misbehavingResponse(answer, effects, sleep);
    },
  };
}

/** What cannot even be read is the model's to refuse. */
function identified(model: MisbehavingModel, request: OssRequest): OssTarget | undefined {
  try {
    return model.identify(request);
  } catch (reason) {
    if (reason instanceof OssError) return undefined;
    throw reason;
  }
}

interface Exchange {
  readonly model: MisbehavingModel;
  readonly request: OssRequest;
  readonly target: OssTarget | undefined;
  readonly effects: readonly FaultEffect[];
  readonly answers: FaultAnswers;
  readonly sleep: (ms: number) => Promise<void>;
}

type Answer = OssResponse | 'close' | 'reset' | 'hold';

/** What is answered instead of the model's own answer, if anything. The first effect that has one decides. */
async function instead(
  stage: 'beforeWork' | 'afterWork',
  { model, request, effects, answers }: Exchange,
): Promise<Answer | undefined> {
  for (const effect of effects) {
    if (effect.kind === 'refuse' && stage === 'beforeWork') {
      return withCors(model, request, answers.refusal(request, effect));
    }
    if (effect.kind === 'dropResponse' && stage === 'afterWork') return 'close';
    if (effect.kind !== 'silent' && effect.kind !== 'errorIn200') continue;
    if ((effect.afterWork === true) !== (stage === 'afterWork')) continue;
    if (effect.kind === 'silent') return 'hold';
    return withCors(model, request, answers.errorIn200(request, effect));
  }
  return undefined;
}

/**
 * OSS answers a page's request with CORS headers in failure too; what they are, the model's own preflight
 * says.
 */
async function withCors(
  model: MisbehavingModel,
  request: OssRequest,
  response: OssResponse,
): Promise<OssResponse> {
  if (headerOf(request, 'origin') === undefined) return response;
  const { 'access-control-request-headers': _, ...headers } = request.headers;
  const asked = { ...headers, 'access-control-request-method': request.method };
  const preflight = await model.handle({ ...request, method: 'OPTIONS', headers: asked, body: noBody() });
  if (preflight.status !== 200) return response;
  const cors = Object.entries(preflight.headers).filter(([name]) => /^access-control-|^vary$/i.test(name));
  return { ...response, headers: { ...Object.fromEntries(cors), ...response.headers } };
}

async function* noBody(): AsyncGenerator<Uint8Array> {}

/** A connection that broke under the model is a `reset`, whatever the model made of it. */
async function work(exchange: Exchange): Promise<Answer> {
  const { model, request, target, effects, sleep } = exchange;
  const body = misbehavingBody(request.body, effects, sleep);
  try {
    const response = await model.handle({ ...request, body });
    if (body.wasReset()) return 'reset';
    if (target !== undefined && response.status === 200) await spoilPart(model, target, effects);
    return (await instead('afterWork', exchange)) ?? response;
  } catch (reason) {
    if (body.wasReset()) return 'reset';
    throw reason;
  }
}

async function spoilPart(
  model: MisbehavingModel,
  target: OssTarget,
  effects: readonly FaultEffect[],
): Promise<void> {
  const { operation, bucket, key, uploadId, partNumber } = target;
  const isStored = operation === 'UploadPart' || operation === 'UploadPartCopy';
  if (!isStored || bucket === undefined || key === undefined) return;
  if (uploadId === undefined || partNumber === undefined) return;
  const part: StoredPart = { bucket, key, uploadId, partNumber };
  try {
    for (const { silent = false } of effectsOf(effects, 'corruptStoredPart')) {
      await model.corruptPart({ ...part, silent });
    }
    for (const _ of effectsOf(effects, 'losePart')) await model.removePart(part);
  } catch (reason) {
    // The upload has ended while the part was stored: there is no part any more to be harmed.
    if (!(reason instanceof OssError) || reason.code !== 'NoSuchUpload') throw reason;
  }
}
