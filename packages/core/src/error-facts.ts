import type { Disposition, UploadError, UploadErrorCode } from './errors.ts';
import { withoutUndefined } from './without-undefined.ts';

/** The fields of an error that may appear in logs and telemetry: codes, names and numbers, no free text. */
export interface ErrorFacts {
  /** The kind of failure. */
  readonly code: UploadErrorCode;
  /** Whether the same request may succeed later. */
  readonly disposition: Disposition;
  /** The method of the control plane, or the operation of OSS. */
  readonly operation?: string;
  /** The part that failed, from 1. */
  readonly partNumber?: number;
  /** The number of the failed attempt, from 1. */
  readonly attempt?: number;
  /** The HTTP status of the response. */
  readonly status?: number;
  /** The `Code` of OSS's error response. */
  readonly ossCode?: string;
  /** The detailed code of OSS. */
  readonly ec?: string;
  /** OSS's ID of the request. */
  readonly requestId?: string;
  /** The delay in ms that the server requested. */
  readonly retryAfterMs?: number;
}

/**
 * The facts of an error, without missing ones. Names of an unexpected form are omitted too: a custom port may
 * have created the error.
 */
export function errorFacts({ code, disposition, context }: UploadError): ErrorFacts {
  const { partNumber, attempt, status, retryAfterMs } = context;
  const names = {
    operation: safeName(context.operation),
    ossCode: safeName(context.ossCode),
    ec: safeName(context.ec),
    requestId: safeName(context.requestId),
  };
  return { code, disposition, ...withoutUndefined({ ...names, partNumber, attempt, status, retryAfterMs }) };
}

/** The form of OSS's codes and request IDs. A URL has other characters, and an upload token is longer. */
const NAME = /^[\w.-]{1,64}$/;

function safeName(text: string | undefined): string | undefined {
  return text !== undefined && NAME.test(text) ? text : undefined;
}
