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

export interface RetryingControlPlaneOptions {
  readonly retry?: RetryOptions | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Default: the platform's. */
  readonly random?: Random | undefined;
}

/**
 * A control plane for those who have no engine above it: each verb is asked again where that may help, and
 * each try waits until a deadline. An initiation is never cut off: aborted meanwhile, it may resolve all the
 * same, with an upload for the caller to abort. Throws a `RangeError` for a wrong option.
 */
export function createRetryingControlPlane(
  controlPlane: ControlPlane,
  { retry, clock = systemClock, random = systemRandom }: RetryingControlPlaneOptions = {},
): ControlPlane {
  const tries: RetryContext = {
    ports: { clock, random },
    options: { retry: resolveRetry(retry) },
    emit: () => undefined,
  };
  return {
    initiate: (request) => initiate(tries, controlPlane, request),
    presignParts: (request) =>
      callControlPlane(tries, request.signal, { operation: 'presignParts' }, (signal) =>
        controlPlane.presignParts({ ...request, signal }),
      ),
    listParts: (request) =>
      callControlPlane(tries, request.signal, { operation: 'listParts' }, (signal) =>
        controlPlane.listParts({ ...request, signal }),
      ),
    complete: (request) =>
      callControlPlane(
        tries,
        request.signal,
        { operation: 'complete' },
        (signal) => controlPlane.complete({ ...request, signal }),
        COMPLETE_MS_MAX,
      ),
    abort: (request) =>
      callControlPlane(tries, request.signal, { operation: 'abort' }, (signal) =>
        controlPlane.abort({ ...request, signal }),
      ),
  };
}

/** A try whose answer was lost may have begun an upload: the next one says so, and it is removed. */
async function initiate(
  tries: RetryContext,
  controlPlane: ControlPlane,
  request: InitiateRequest,
): Promise<InitiatedUpload> {
  const { clock } = tries.ports;
  const context = { operation: 'initiate', key: request.key };
  let doubtfulSince: number | undefined;
  async function attempt(): Promise<InitiatedUpload> {
    const triedAt = clock.now();
    const previousAttemptAgeMs =
      doubtfulSince === undefined ? request.previousAttemptAgeMs : triedAt - doubtfulSince;
    try {
      return await withDeadline(tries, VERB_MS_MAX, createUnabortedSignal(), (signal) =>
        controlPlane.initiate({ ...request, previousAttemptAgeMs, signal }),
      );
    } catch (reason) {
      if (MAY_HAVE_INITIATED.has(UploadError.from(reason).code)) doubtfulSince ??= triedAt;
      throw reason;
    }
  }
  try {
    return await withRetries(tries, request.signal, context, attempt);
  } catch (reason) {
    if (doubtfulSince === undefined || !request.signal.aborted) throw reason;
    return withRetries(tries, createUnabortedSignal(), context, attempt);
  }
}
