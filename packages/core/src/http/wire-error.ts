import { type ErrorContext, UploadError, type UploadErrorCode } from '../errors.ts';

/** An error on its way from the coordinator to its client. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly disposition: string;
  readonly hint?: string | undefined;
  readonly context: ErrorContext;
}

/** What a client is told. Of a defect of the coordinator, or of the service around it, nothing but that. */
export function writeError({ code, disposition, hint, context, message }: UploadError): WireError {
  if (code === 'internal') {
    return { code, message: 'the coordinator failed', disposition, context: {}, hint: 'See its log.' };
  }
  return { code, message: message.slice(`[${code}] `.length), disposition, hint, context };
}

/** The same error on the other side; `undefined` for what is none. */
export function readError(value: unknown): UploadError | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, message, disposition, hint, context } = value as Partial<Record<keyof WireError, unknown>>;
  if (typeof code !== 'string' || !/^[a-z_]{1,40}$/.test(code)) return undefined;
  const said = plain(hint);
  return new UploadError({
    // One that a newer coordinator knows is passed on as it is.
    code: code as UploadErrorCode,
    message: plain(message) ?? 'the coordinator refused',
    disposition: disposition === 'transient' ? 'transient' : 'permanent',
    ...(said !== undefined && { hint: said }),
    context: readContext(context),
  });
}

const TEXTS = ['operation', 'bucket', 'key', 'uploadId', 'ossCode', 'ec', 'requestId'] as const;
const NUMBERS = ['partNumber', 'attempt', 'status', 'retryAfterMs'] as const;

function readContext(value: unknown): ErrorContext {
  if (typeof value !== 'object' || value === null) return {};
  const given = value as Readonly<Record<string, unknown>>;
  const texts = TEXTS.map((name) => [name, plain(given[name])]);
  const numbers = NUMBERS.map((name) => [name, Number.isFinite(given[name]) ? given[name] : undefined]);
  return Object.fromEntries([...texts, ...numbers].filter(([, said]) => said !== undefined));
}

/** Text of one line, and no more of it than a log should hold. */
function plain(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.replace(/\p{Cc}/gu, ' ').slice(0, 1024);
}
