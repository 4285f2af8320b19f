import { basename } from 'node:path';
import { type StorageClass, type Upload, UploadError, type UploadEvent } from '@partway/core';
import { createFileCheckpoints } from '../files/file-checkpoints.ts';
import { uploadFile } from '../upload-file.ts';
import { uploadStream } from '../upload-stream.ts';
import { readCount, readPairs, readSize } from './arguments.ts';
import type { Command, ParsedArgs } from './command.ts';
import { DESTINATION_ARGS, type Destination, readDestination } from './destination.ts';
import { EXIT } from './exit-code.ts';
import { errorFields } from './format.ts';
import { showProgress } from './progress.ts';
import { putDirectory } from './put-directory.ts';
import { openStandardInput } from './standard-input.ts';
import { waitForResultOrSignal } from './stop-on-signal.ts';

export const put: Command = {
  description: 'Upload a file, or resume its unfinished upload; or upload standard input',
  args: {
    file: { type: 'positional', description: 'path of a file, or - for standard input' },
    address: {
      type: 'positional',
      description: 'oss://BUCKET/KEY; the name of the file is appended to a key that ends in /',
    },
    ...DESTINATION_ARGS,
    'part-size': { type: 'string', valueHint: '8MiB', description: 'size of a part, 100KiB to 5GiB' },
    concurrency: {
      type: 'string',
      valueHint: '16',
      description: 'parts in flight, 1 to 64; default: adapts to the throughput',
    },
    tries: { type: 'string', valueHint: '8', description: 'attempts of one request, 1 to 100' },
    'content-type': { type: 'string', description: 'such as video/mp4' },
    meta: { type: 'string', valueHint: 'name=value', description: 'user metadata; may be repeated' },
    'storage-class': { type: 'string', description: 'Standard, IA, Archive, ColdArchive or DeepColdArchive' },
    'checkpoint-dir': {
      type: 'string',
      description: 'default: partway in $XDG_STATE_HOME or ~/.local/state',
    },
    resume: {
      type: 'boolean',
      default: true,
      description: 'resume an unfinished upload',
      negativeDescription: 'remove an unfinished upload and start a new one',
    },
    recursive: {
      type: 'boolean',
      alias: 'r',
      description: 'FILE is a directory: upload all files below it; ADDRESS must end in /',
    },
    quiet: { type: 'boolean', description: 'show no progress' },
  },
  async run(parsed) {
    const destination = readDestination(parsed);
    const options = readUploadOptions(parsed, destination);
    if (parsed.flag('recursive')) return putDirectory(parsed, destination, options);
    const isResumable = parsed.text('file') !== STANDARD_INPUT;
    const upload = isResumable
      ? startFile(parsed, destination, options)
      : startStandardInput(destination, options);
    const progress = parsed.flag('quiet') || parsed.flag('json') ? undefined : showProgress();
    upload.subscribe(() => progress?.update(upload.snapshot()));
    const endProgress = (): void => progress?.end();
    const object = await waitForResultOrSignal(upload, { isResumable, endProgress }).finally(endProgress);
    if (typeof object === 'string') {
      if (isResumable) printResumeCommand(upload);
      else console.error('partway: stopped; uploads from standard input cannot be resumed');
      return EXIT[object];
    }
    const { bucket, key, size, crc64, etag } = object;
    if (!parsed.flag('json'))
      console.log(`oss://${bucket}/${key} ${size} bytes, CRC64 ${crc64}, ETag ${etag}`);
    return EXIT.done;
  },
};

const STANDARD_INPUT = '-';

function startFile(parsed: ParsedArgs, destination: Destination, options: PutOptions): Upload {
  const { key, isPrefix, checkpointDirectory } = destination;
  const file = parsed.text('file') ?? '';
  return uploadFile(file, {
    ...options,
    key: isPrefix ? `${key}${basename(file)}` : requireKey(key),
    checkpoints: createFileCheckpoints(checkpointDirectory),
    resume: parsed.flag('resume'),
  });
}

function startStandardInput({ key, isPrefix }: Destination, options: PutOptions): Upload {
  if (isPrefix) {
    throw new TypeError('ADDRESS must be a complete key: standard input has no name to append after /');
  }
  return uploadStream(openStandardInput(), { ...options, key: requireKey(key) });
}

function requireKey(key: string): string {
  if (key === '') throw new TypeError('ADDRESS requires a key: oss://BUCKET/KEY');
  return key;
}

type PutOptions = ReturnType<typeof readUploadOptions>;

/** The options of every upload, except for its key. */
function readUploadOptions(parsed: ParsedArgs, { controlPlane }: Destination) {
  return {
    controlPlane,
    partSize: readSize(parsed, 'part-size'),
    concurrency: readCount(parsed, 'concurrency'),
    retry: { attemptsMax: readCount(parsed, 'tries') },
    contentType: parsed.text('content-type'),
    metadata: readPairs(parsed, 'meta', '='),
    // The library checks the value.
    storageClass: parsed.text('storage-class') as StorageClass | undefined,
    onEvent: parsed.flag('json') ? printEvent : warnOfLeftoverParts,
  };
}

function printEvent(event: UploadEvent): void {
  const replaceError = (_: string, value: unknown): unknown =>
    value instanceof UploadError ? errorFields(value) : value;
  console.log(JSON.stringify(event, replaceError));
}

function warnOfLeftoverParts(event: UploadEvent): void {
  if (event.type !== 'cleanup-failed') return;
  console.error(`partway: OSS may still store parts, which it bills: ${event.error.message}`);
  console.error('`partway uploads` lists them, and `partway abort` removes them.');
}

function printResumeCommand(upload: Upload): void {
  const { partsConfirmed, partCount } = upload.snapshot();
  const confirmed = partCount === undefined ? '' : `; ${partsConfirmed} of ${partCount} parts are confirmed`;
  console.error(`partway: paused${confirmed}. To resume, run:`);
  const [node = '', script = '', ...args] = process.argv;
  const program = basename(script) === 'partway' ? ['partway'] : [node, script];
  const words = [...program, ...args.filter((arg) => arg !== '--no-resume')];
  console.error(`  ${words.map(quoteForShell).join(' ')}`);
}

function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
