import { type ErrorContext, UploadError, type UploadErrorCode } from '../errors.ts';

/** The JSON of an error in a response of the coordinator. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly disposition: string;
  readonly hint?: string | undefined;
  readonly context: ErrorContext;
}

/** Writes an error for a client. Internal errors are reported without details. */
export function writeError({ code, disposition, hint, context, message }: UploadError): WireError {
  if (code === 'internal') {
    return { code, message: 'the coordinator failed', disposition, context: {}, hint: 'See its log.' };
  }
  return { code, message: message.slice(`[${code}] `.length), disposition, hint, context };
}

/** Reads an error in the client. `undefined` for anything else. */
export function readError(value: unknown): UploadError | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, message, disposition, hint, context } = value as Partial<Record<keyof WireError, unknown>>;
  if (typeof code !== 'string' || !/^[a-z_]{1,40}$/.test(code)) return undefined;
  const text = sanitizeText(hint);
  return new UploadError({
    // Codes of a newer coordinator are passed on.
    code: code as UploadErrorCode,
    message: sanitizeText(message) ?? 'the coordinator rejected the request',
    disposition: disposition === 'transient' ? 'transient' : 'permanent',
    ...(text !== undefined && { hint: text }),
    context: readContext(context),
  });
}

const TEXTS = ['operation', 'bucket', 'key', 'uploadId', 'ossCode', 'ec', 'requestId'] as const;
const NUMBERS = ['partNumber', 'attempt', 'status', 'retryAfterMs'] as const;

function readContext(value: unknown): ErrorContext {
  if (typeof value !== 'object' || value === null) return {};
  const fields = value as Readonly<Record<string, unknown>>;
  const texts = TEXTS.map((name) => [name, sanitizeText(fields[name])]);
  const numbers = NUMBERS.map((name) => [name, Number.isFinite(fields[name]) ? fields[name] : undefined]);
  return Object.fromEntries([...texts, ...numbers].filter(([, value]) => value !== undefined));
}

/** A single line, truncated to 1024 characters. */
function sanitizeText(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.replace(/\p{Cc}/gu, ' ').slice(0, 1024);
}
