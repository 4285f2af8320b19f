import { UploadError, type UploadErrorCode } from '@partway/core';

export const EXIT = { done: 0, failed: 1, usage: 2, later: 3, SIGINT: 130, SIGTERM: 143 } as const;

export const EXIT_CODES_TEXT = `Exit codes:
  0         done
  1         failed for good
  2         wrong usage
  3         failed for now: run the same command again to resume
  130, 143  paused by Ctrl-C or SIGTERM: run the same command again to resume
Uploads from standard input cannot be resumed; exit codes 3, 130 and 143 leave nothing behind.`;

/** Prints the failure, and returns the exit code. */
export function reportFailure(reason: unknown): number {
  if (reason instanceof TypeError || reason instanceof RangeError) {
    console.error(`partway: ${inWordsOfOptions(reason.message)}`);
    return EXIT.usage;
  }
  const error = UploadError.from(reason);
  // The message begins with the code.
  console.error(`partway: ${error.message}`);
  const hint = HINTS.get(error.code) ?? error.hint;
  if (hint !== undefined) console.error(hint);
  if (error.context.requestId !== undefined) console.error(`request id: ${error.context.requestId}`);
  return exitCodeOf(error);
}

/** Whether the same command may do better later. */
export function exitCodeOf({ code }: UploadError): number {
  return LATER.has(code) ? EXIT.later : EXIT.failed;
}

/** Failures of the way: the upload is kept. */
const LATER: ReadonlySet<UploadErrorCode> = new Set([
  'network',
  'stalled',
  'throttled',
  'server_error',
  'url_expired',
  'credentials_expired',
  'clock_skewed',
  'malformed_response',
  'upload_locked',
]);

/** Where the command line knows better what to do. */
const HINTS: ReadonlyMap<UploadErrorCode, string> = new Map([
  ['source_changed', 'Upload it again when it no longer changes; --no-resume restarts from zero.'],
]);

/** The library names its own options at the beginning of a message: the user knows them by other names. */
function inWordsOfOptions(message: string): string {
  const [name = ''] = /^[\w.]+/.exec(message) ?? [];
  return (WORDS.get(name) ?? name) + message.slice(name.length);
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ['region', '--region'],
  ['endpoint', '--endpoint'],
  ['addressing', '--path-style'],
  ['partSize', '--part-size'],
  ['concurrency', '--concurrency'],
  ['retry.attemptsMax', '--tries'],
  ['urlLifetimeSeconds', '--url-lifetime'],
  ['contentType', '--content-type'],
  ['metadata', '--meta'],
  ['storageClass', '--storage-class'],
  ['expiresInSeconds', '--expires'],
  ['headers', '--header'],
  ['origin', '--origin'],
  ['abortAfterDays', '--abort-after'],
  ['prefix', 'ADDRESS: the prefix'],
  ['bucket', "ADDRESS: the bucket's name"],
  ['key', 'ADDRESS: the key'],
  ['credentials.accessKeyId', 'OSS_ACCESS_KEY_ID'],
  ['credentials.accessKeySecret', 'OSS_ACCESS_KEY_SECRET'],
  ['credentials.securityToken', 'OSS_SESSION_TOKEN'],
]);
