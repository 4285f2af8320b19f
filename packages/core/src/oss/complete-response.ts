import { type CallbackReply, parseCallbackReply } from '../callback.ts';
import type { ErrorContext } from '../errors.ts';
import { isJson } from './callback.ts';
import type { OssAnswer } from './error-response.ts';
import { malformedAnswer, readCompleteResult, unquoted } from './xml.ts';

/**
 * What CompleteMultipartUpload answered. With a callback it is the application server's JSON in place of the
 * XML, and the ETag stands in the headers alone.
 */
export function readCompleteAnswer(
  { headers, body }: OssAnswer,
  isCalledBack: boolean,
  context: ErrorContext,
): { readonly etag: string; readonly callback?: CallbackReply | undefined } {
  if (!isCalledBack || body.trimStart().startsWith('<')) return readCompleteResult(body, context);
  const etag = unquoted((headers as Readonly<Record<string, string | undefined>>).etag ?? '');
  if (!isJson(body) || etag === '')
    throw malformedAnswer('is no reply to a callback, or has no ETag', context);
  return { etag, callback: parseCallbackReply(body) };
}
