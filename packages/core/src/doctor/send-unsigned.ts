import { type ErrorContext, networkError } from '../errors.ts';
import type { OssResponse } from '../oss/error-response.ts';
import type { Fetch } from '../oss/signed-fetch.ts';

/**
 * Sends a request that needs no signature, once. Rejects with an `UploadError` without the URL, or with the
 * reason of the signal.
 */
export async function sendUnsigned(
  fetch: Fetch,
  url: string,
  request: RequestInit & { readonly signal: AbortSignal },
  name: string,
  context: ErrorContext,
): Promise<OssResponse> {
  try {
    const response = await fetch(url, { ...request, redirect: 'manual' });
    const { status, headers } = response;
    return { status, headers: Object.fromEntries(headers), body: await response.text() };
  } catch {
    request.signal.throwIfAborted();
    throw networkError(`${name} got no response from OSS`, { context });
  }
}
