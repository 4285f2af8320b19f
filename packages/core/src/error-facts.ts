import type { Disposition, UploadError, UploadErrorCode } from './errors.ts';
import { withoutUndefined } from './without-undefined.ts';

/** What may be told of an error anywhere: codes, names and numbers, none of them written freely. */
export interface ErrorFacts {
  readonly code: UploadErrorCode;
  readonly disposition: Disposition;
  /** What was asked for: a verb of the control plane, or an operation of OSS. */
  readonly operation?: string;
  readonly partNumber?: number;
  readonly attempt?: number;
  readonly status?: number;
  readonly ossCode?: string;
  readonly ec?: string;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
}

/**
 * The facts of an error, those that are missing left out. A name that does not look like one is left out too:
 * a port of somebody else's may have made the error.
 */
export function errorFacts({ code, disposition, context }: UploadError): ErrorFacts {
  const { partNumber, attempt, status, retryAfterMs } = context;
  const names = {
    operation: named(context.operation),
    ossCode: named(context.ossCode),
    ec: named(context.ec),
    requestId: named(context.requestId),
  };
  return { code, disposition, ...withoutUndefined({ ...names, partNumber, attempt, status, retryAfterMs }) };
}

/** As OSS writes codes and request ids. A URL has other characters, and an upload token is longer. */
const NAME = /^[\w.-]{1,64}$/;

function named(text: string | undefined): string | undefined {
  return text !== undefined && NAME.test(text) ? text : undefined;
}
