import { type CallbackReply, parseCallbackReply } from '../callback.ts';
import type { ErrorContext } from '../errors.ts';
import { isJson } from './callback.ts';
import type { OssResponse } from './error-response.ts';
import { readCompleteResult, unexpectedResponseError, unquote } from './xml.ts';

/**
 * Reads the response to CompleteMultipartUpload. With a callback it is the application server's JSON instead
 * of XML, and only the headers have the ETag.
 */
export function readCompleteResponse(
  { headers, body }: OssResponse,
  hasCallback: boolean,
  context: ErrorContext,
): { readonly etag: string; readonly callback?: CallbackReply | undefined } {
  if (!hasCallback || body.trimStart().startsWith('<')) return readCompleteResult(body, context);
  const etag = unquote((headers as Readonly<Record<string, string | undefined>>).etag ?? '');
  if (!isJson(body) || etag === '')
    throw unexpectedResponseError('is not the JSON of a callback, or has no ETag', context);
  return { etag, callback: parseCallbackReply(body) };
}
