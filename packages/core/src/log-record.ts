import { type ErrorFacts, errorFacts } from './error-facts.ts';
import type { UploadError } from './errors.ts';
import type { UploadedObject } from './ports.ts';
import type { UploadEvent } from './upload/progress/events.ts';
import { withoutUndefined } from './without-undefined.ts';

/**
 * One line of a log: a flat record of strings, numbers and booleans, as pino, winston and the console accept.
 * Contains no URL and no upload token.
 */
export interface LogRecord extends Partial<ErrorFacts> {
  /** The severity, as common loggers name it. */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** The type of the event. */
  readonly event: Exclude<UploadEvent['type'], 'part-progress'>;
  /** When it happened, in milliseconds since the epoch. */
  readonly at: number;
  /** A short description. For an error, its message. */
  readonly message: string;
  /** The bucket of the object. */
  readonly bucket?: string;
  /** The key of the object. */
  readonly key?: string;
  /** OSS's upload ID. */
  readonly uploadId?: string;
  /** Bytes of the object, or of the part. */
  readonly size?: number;
  /** Bytes per part. */
  readonly partSize?: number;
  /** The number of parts. */
  readonly partCount?: number;
  /** The CRC64 of the object, or of the part. */
  readonly crc64?: string;
  /** OSS's ETag of the object. */
  readonly etag?: string;
  /** The version of the object, in a bucket with versioning. */
  readonly versionId?: string;
  /** Whether the response to Complete was lost, and the object was found and proven afterwards. */
  readonly recovered?: boolean;
  /** The delay before the next attempt, in ms. */
  readonly delayMs?: number;
  /** The unreadable checkpoint that was set aside. */
  readonly checkpointId?: string;
  /** Names of hidden headers, separated by spaces. */
  readonly headers?: string;
  /** The remedy of an error, in a sentence. */
  readonly hint?: string;
}

/**
 * Creates an `onEvent` that logs the events of one upload. Each record has the object's bucket, key and
 * upload ID as soon as they are known: `onEvent: logUploads((record) => logger[record.level](record))`.
 * Throws a `TypeError` when `log` is not a function.
 */
export function logUploads(log: (record: LogRecord) => void): (event: UploadEvent) => void {
  if (typeof log !== 'function') throw new TypeError('log must be a function');
  let upload: Pick<LogRecord, 'bucket' | 'key' | 'uploadId'> = {};
  return (event) => {
    if (event.type === 'opened') {
      const { bucket, key, uploadId } = event;
      upload = withoutUndefined({ bucket, key, uploadId });
    }
    const record = logRecord(event);
    // Returned because it may be a promise: the engine handles its rejection.
    return record === undefined ? undefined : log({ ...upload, ...record });
  };
}

/** The record of one event. `undefined` for `part-progress`, which is too frequent for a log. */
export function logRecord(event: UploadEvent): LogRecord | undefined {
  switch (event.type) {
    case 'part-progress':
      return undefined;
    case 'opened': {
      const { bucket, key, uploadId, size, partSize, partCount } = event;
      const fields = { bucket, key, uploadId, size, partSize, partCount };
      return record(event, 'info', 'the upload is opened', fields);
    }
    case 'part-attempt': {
      const { partNumber, attempt } = event;
      return record(event, 'debug', `part ${partNumber} is sent`, { partNumber, attempt });
    }
    case 'part-confirmed': {
      const { partNumber, size, crc64 } = event;
      return record(event, 'debug', `part ${partNumber} is confirmed`, { partNumber, size, crc64 });
    }
    case 'retrying':
      return record(event, 'warn', messageOf(event.error), {
        ...errorFields(event.error),
        delayMs: event.delayMs,
      });
    case 'headers-hidden': {
      const headers = event.names.join(' ');
      return record(event, 'warn', 'CORS hides headers of OSS from the page', { headers });
    }
    case 'checkpoint-set-aside':
      return record(event, 'warn', 'an unreadable checkpoint is set aside', { checkpointId: event.id });
    case 'offline':
      return record(event, 'warn', 'the machine has no network', {});
    case 'online':
      return record(event, 'info', 'the machine has a network again', {});
    case 'paused':
      return record(event, 'info', 'the upload is paused', {});
    case 'resumed':
      return record(event, 'info', 'the upload is resumed', {});
    case 'completing':
      return record(event, 'info', 'all parts are confirmed', {});
    case 'completed':
      return record(event, 'info', 'the object is proven', objectFields(event.object));
    case 'failed': {
      const level = event.error.code === 'aborted' ? 'info' : 'error';
      return record(event, level, messageOf(event.error), errorFields(event.error));
    }
    case 'cleanup-failed':
      return record(event, 'error', messageOf(event.error), errorFields(event.error));
  }
}

type Fields = { readonly [Name in keyof LogRecord]?: LogRecord[Name] | undefined };

function record(
  { type, at }: Exclude<UploadEvent, { type: 'part-progress' }>,
  level: LogRecord['level'],
  message: string,
  fields: Fields,
): LogRecord {
  return { level, event: type, at, message, ...withoutUndefined(fields) };
}

function errorFields(error: UploadError): Fields {
  const { bucket, key, uploadId } = error.context;
  const hint = error.hint !== undefined && isHarmless(error.hint) ? error.hint : undefined;
  return { bucket, key, uploadId, ...errorFacts(error), hint };
}

function objectFields({
  bucket,
  key,
  size,
  crc64,
  etag,
  versionId,
  requestId,
  recovered,
}: UploadedObject): Fields {
  return { bucket, key, size, crc64, etag, versionId, requestId, recovered };
}

/** Errors of Partway hold no secret; an error that a custom port throws may. */
function messageOf(error: UploadError): string {
  return isHarmless(error.message) ? error.message : `[${error.code}] (the message may contain a secret)`;
}

/** A URL, a signature, credentials, or a token in the format of `jose`. */
const SECRET = /:\/\/|(?:signature|credential|token|secret|accesskeyid)["']?\s*[=:]|\beyJ[\w-]+\.|Bearer /i;

function isHarmless(text: string): boolean {
  return !SECRET.test(text);
}
