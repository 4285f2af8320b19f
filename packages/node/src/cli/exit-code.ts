import { UploadError, type UploadErrorCode } from '@partway/core';

export const EXIT = { done: 0, failed: 1, usage: 2, transient: 3, SIGINT: 130, SIGTERM: 143 } as const;

export const EXIT_CODES_TEXT = `Exit codes:
  0         success
  1         permanent failure
  2         wrong usage
  3         transient failure: run the same command again to resume
  130, 143  paused by Ctrl-C or SIGTERM: run the same command again to resume
Uploads from standard input cannot be resumed; exit codes 3, 130 and 143 leave nothing behind.`;

/** Prints the failure, and returns the exit code. */
export function reportFailure(reason: unknown): number {
  if (reason instanceof TypeError || reason instanceof RangeError) {
    console.error(`partway: ${toOptionName(reason.message)}`);
    return EXIT.usage;
  }
  const error = UploadError.from(reason);
  // The message starts with the code.
  console.error(`partway: ${error.message}`);
  const hint = HINTS.get(error.code) ?? error.hint;
  if (hint !== undefined) console.error(hint);
  if (error.context.requestId !== undefined) console.error(`request id: ${error.context.requestId}`);
  return getExitCode(error);
}

export function getExitCode({ code }: UploadError): number {
  return TRANSIENT_CODES.has(code) ? EXIT.transient : EXIT.failed;
}

/** After these errors the upload is kept, and the same command may succeed later. */
const TRANSIENT_CODES: ReadonlySet<UploadErrorCode> = new Set([
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

/** Hints that name options of the command line, in place of those of the library. */
const HINTS: ReadonlyMap<UploadErrorCode, string> = new Map([
  ['source_changed', 'Upload it again when it no longer changes; --no-resume starts a new upload.'],
]);

/** Messages of the library start with the name of its own option: replaces it by the name in the CLI. */
function toOptionName(message: string): string {
  const [name = ''] = /^[\w.]+/.exec(message) ?? [];
  return (OPTION_NAMES.get(name) ?? name) + message.slice(name.length);
}

const OPTION_NAMES: ReadonlyMap<string, string> = new Map([
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
