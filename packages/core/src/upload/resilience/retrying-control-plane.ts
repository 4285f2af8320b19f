import { createUnabortedSignal } from '../../abort.ts';
import { UploadError } from '../../errors.ts';
import type { RetryOptions } from '../../options.ts';
import type { Clock, ControlPlane, InitiatedUpload, InitiateRequest, Random } from '../../ports.ts';
import { resolveRetry } from '../../resolve-options.ts';
import { systemClock, systemRandom } from '../../system.ts';
import { MAY_HAVE_INITIATED } from '../open-upload.ts';
import {
  COMPLETE_MS_MAX,
  callControlPlane,
  type RetryContext,
  VERB_MS_MAX,
  withDeadline,
  withRetries,
} from './retry.ts';

/** Options of {@link createRetryingControlPlane}. */
export interface RetryingControlPlaneOptions {
  /** How often a transient failure is retried. Default: the defaults of its fields. */
  readonly retry?: RetryOptions | undefined;
  /** Default: `systemClock`. */
  readonly clock?: Clock | undefined;
  /** Default: `systemRandom`. */
  readonly random?: Random | undefined;
}

/**
 * Adds retries and a deadline for each attempt to a control plane that is used without the engine. An abort
 * does not interrupt `initiate`: it may resolve after the abort, with an upload that the caller then has to
 * abort. Throws a `RangeError` for a wrong option.
 */
export function createRetryingControlPlane(
  controlPlane: ControlPlane,
  { retry, clock = systemClock, random = systemRandom }: RetryingControlPlaneOptions = {},
): ControlPlane {
  const context: RetryContext = {
    ports: { clock, random },
    options: { retry: resolveRetry(retry) },
    emit: () => undefined,
  };
  return {
    initiate: (request) => initiate(context, controlPlane, request),
    presignParts: (request) =>
      callControlPlane(context, request.signal, { operation: 'presignParts' }, (signal) =>
        controlPlane.presignParts({ ...request, signal }),
      ),
    listParts: (request) =>
      callControlPlane(context, request.signal, { operation: 'listParts' }, (signal) =>
        controlPlane.listParts({ ...request, signal }),
      ),
    complete: (request) =>
      callControlPlane(
        context,
        request.signal,
        { operation: 'complete' },
        (signal) => controlPlane.complete({ ...request, signal }),
        COMPLETE_MS_MAX,
      ),
    abort: (request) =>
      callControlPlane(context, request.signal, { operation: 'abort' }, (signal) =>
        controlPlane.abort({ ...request, signal }),
      ),
  };
}

/**
 * OSS may hold an upload of an attempt without a response: the next attempt has the coordinator remove it.
 */
async function initiate(
  retryContext: RetryContext,
  controlPlane: ControlPlane,
  request: InitiateRequest,
): Promise<InitiatedUpload> {
  const { clock } = retryContext.ports;
  const errorContext = { operation: 'initiate', key: request.key };
  let lostSince: number | undefined;
  async function attempt(): Promise<InitiatedUpload> {
    const startedAt = clock.now();
    const previousAttemptAgeMs =
      lostSince === undefined ? request.previousAttemptAgeMs : startedAt - lostSince;
    try {
      return await withDeadline(retryContext, VERB_MS_MAX, createUnabortedSignal(), (signal) =>
        controlPlane.initiate({ ...request, previousAttemptAgeMs, signal }),
      );
    } catch (reason) {
      if (MAY_HAVE_INITIATED.has(UploadError.from(reason).code)) lostSince ??= startedAt;
      throw reason;
    }
  }
  try {
    return await withRetries(retryContext, request.signal, errorContext, attempt);
  } catch (reason) {
    if (lostSince === undefined || !request.signal.aborted) throw reason;
    return withRetries(retryContext, createUnabortedSignal(), errorContext, attempt);
  }
}
