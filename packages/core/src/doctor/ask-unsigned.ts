import { type ErrorContext, UploadError } from '../errors.ts';
import type { OssResponse } from '../oss/error-response.ts';
import type { Fetch } from '../oss/signed-fetch.ts';

/**
 * Sends once what needs no signature of ours any more. Rejects with an `UploadError`, which has no URL in it,
 * or with the reason of the signal.
 */
export async function askUnsigned(
  fetch: Fetch,
  url: string,
  request: RequestInit & { readonly signal: AbortSignal },
  what: string,
  context: ErrorContext,
): Promise<OssResponse> {
  try {
    const response = await fetch(url, { ...request, redirect: 'manual' });
    const { status, headers } = response;
    return { status, headers: Object.fromEntries(headers), body: await response.text() };
  } catch {
    request.signal.throwIfAborted();
    const message = `${what} got no answer from OSS`;
    throw new UploadError({ code: 'network', message, disposition: 'transient', context });
  }
}
