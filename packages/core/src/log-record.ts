import { type ErrorFacts, errorFacts } from './error-facts.ts';
import type { UploadError } from './errors.ts';
import type { UploadedObject } from './ports.ts';
import type { UploadEvent } from './upload/progress/events.ts';
import { withoutUndefined } from './without-undefined.ts';

/**
 * One line of a log: a flat record of texts, numbers and truths, as pino, winston and the console take it.
 * Holds no URL and no upload token.
 */
export interface LogRecord extends Partial<ErrorFacts> {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: Exclude<UploadEvent['type'], 'part-progress'>;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly uploadId?: string;
  readonly size?: number;
  readonly partSize?: number;
  readonly partCount?: number;
  readonly crc64?: string;
  readonly etag?: string;
  readonly versionId?: string;
  readonly recovered?: boolean;
  readonly delayMs?: number;
  readonly checkpointId?: string;
  /** Names of headers, with spaces between. */
  readonly headers?: string;
  /** What the reader can do about an error, in a sentence. */
  readonly hint?: string;
}

/**
 * Gives an `onEvent` for one upload that logs what happens to it, each record with the object's bucket, key
 * and uploadId as soon as they are known: `onEvent: logUploads((record) => logger[record.level](record))`.
 * Throws a `TypeError` when `log` is no function.
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
    // What it gives may be a promise, whose rejection the engine takes care of.
    return record === undefined ? undefined : log({ ...upload, ...record });
  };
}

/** The record of one event. `undefined` for `part-progress`, of which a log would drown. */
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
      return record(event, 'warn', messageOf(event.error), { ...told(event.error), delayMs: event.delayMs });
    case 'headers-hidden': {
      const headers = event.names.join(' ');
      return record(event, 'warn', 'CORS hides headers of OSS from the page', { headers });
    }
    case 'checkpoint-set-aside':
      return record(event, 'warn', 'an unreadable checkpoint is set aside', { checkpointId: event.id });
    case 'offline':
      return record(event, 'warn', 'the machine has no network', {});
    case 'online':
      return record(event, 'info', 'the upload goes on over the network', {});
    case 'paused':
      return record(event, 'info', 'the upload is paused', {});
    case 'resumed':
      return record(event, 'info', 'the upload is resumed', {});
    case 'completing':
      return record(event, 'info', 'all parts are confirmed', {});
    case 'completed':
      return record(event, 'info', 'the object is proven', toldObject(event.object));
    case 'failed': {
      const level = event.error.code === 'aborted' ? 'info' : 'error';
      return record(event, level, messageOf(event.error), told(event.error));
    }
    case 'cleanup-failed':
      return record(event, 'error', messageOf(event.error), told(event.error));
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

function told(error: UploadError): Fields {
  const { bucket, key, uploadId } = error.context;
  const hint = error.hint !== undefined && isHarmless(error.hint) ? error.hint : undefined;
  return { bucket, key, uploadId, ...errorFacts(error), hint };
}

function toldObject({
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

/** Errors of ours tell no secret; a port of somebody else's may have thrown one that does. */
function messageOf(error: UploadError): string {
  return isHarmless(error.message) ? error.message : `[${error.code}] with a message that may hold a secret`;
}

/** A URL, a signature, credentials, or a token as `jose` seals it. */
const SECRET = /:\/\/|(?:signature|credential|token|secret|accesskeyid)["']?\s*[=:]|\beyJ[\w-]+\.|Bearer /i;

function isHarmless(text: string): boolean {
  return !SECRET.test(text);
}
