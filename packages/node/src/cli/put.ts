import { basename } from 'node:path';
import { type StorageClass, type Upload, UploadError, type UploadEvent } from '@partway/core';
import { createFileCheckpoints } from '../files/file-checkpoints.ts';
import { uploadFile } from '../upload-file.ts';
import { uploadStream } from '../upload-stream.ts';
import { readCount, readPairs, readSize } from './arguments.ts';
import type { Command, Given } from './command.ts';
import { DESTINATION_ARGS, type Destination, readDestination } from './destination.ts';
import { EXIT } from './exit-code.ts';
import { showProgress } from './progress.ts';
import { putDirectory } from './put-directory.ts';
import { standardInput } from './standard-input.ts';
import { untilStopped } from './stop-on-signal.ts';

export const put: Command = {
  description: 'Upload a file, or resume its unfinished upload; or upload standard input',
  args: {
    file: { type: 'positional', description: 'path of a file, or - for standard input' },
    address: {
      type: 'positional',
      description: 'oss://BUCKET/KEY; a key ending in / gets the name of the file',
    },
    ...DESTINATION_ARGS,
    'part-size': { type: 'string', valueHint: '8MiB', description: 'bytes of a part, from 100KiB to 5GiB' },
    concurrency: {
      type: 'string',
      valueHint: '16',
      description: 'parts in flight, 1 to 64; default: as many as seem best',
    },
    tries: { type: 'string', valueHint: '8', description: 'tries of one request, 1 to 100' },
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
      negativeDescription: 'remove it and restart from zero',
    },
    recursive: {
      type: 'boolean',
      alias: 'r',
      description: 'FILE is a directory: upload every file in it; ADDRESS ends in /',
    },
    quiet: { type: 'boolean', description: 'show no progress' },
  },
  async run(given) {
    const destination = readDestination(given);
    const common = readCommon(given, destination);
    if (given.flag('recursive')) return putDirectory(given, destination, common);
    const isResumable = given.text('file') !== STANDARD_INPUT;
    const upload = isResumable
      ? startFile(given, destination, common)
      : startStandardInput(destination, common);
    const progress = given.flag('quiet') || given.flag('json') ? undefined : showProgress();
    upload.subscribe(() => progress?.update(upload.snapshot()));
    const stop = { isResumable, quiet: () => progress?.end() };
    const object = await untilStopped(upload, stop).finally(() => progress?.end());
    if (typeof object === 'string') {
      if (isResumable) tellHowToResume(upload);
      else console.error('partway: stopped; standard input cannot be resumed, only uploaded from its start');
      return EXIT[object];
    }
    const { bucket, key, size, crc64, etag } = object;
    if (!given.flag('json'))
      console.log(`oss://${bucket}/${key} ${size} bytes, CRC64 ${crc64}, ETag ${etag}`);
    return EXIT.done;
  },
};

const STANDARD_INPUT = '-';

function startFile(given: Given, destination: Destination, common: Common): Upload {
  const { key, isPrefix, checkpointDirectory } = destination;
  const file = given.text('file') ?? '';
  return uploadFile(file, {
    ...common,
    key: isPrefix ? `${key}${basename(file)}` : wholeKey(key),
    checkpoints: createFileCheckpoints(checkpointDirectory),
    resume: given.flag('resume'),
  });
}

function startStandardInput({ key, isPrefix }: Destination, common: Common): Upload {
  if (isPrefix) {
    throw new TypeError('ADDRESS needs a whole key: standard input has no name to append after /');
  }
  return uploadStream(standardInput(), { ...common, key: wholeKey(key) });
}

function wholeKey(key: string): string {
  if (key === '') throw new TypeError('ADDRESS needs a key: oss://BUCKET/KEY');
  return key;
}

type Common = ReturnType<typeof readCommon>;

/** The options of every upload. */
function readCommon(given: Given, { controlPlane }: Destination) {
  return {
    controlPlane,
    partSize: readSize(given, 'part-size'),
    concurrency: readCount(given, 'concurrency'),
    retry: { attemptsMax: readCount(given, 'tries') },
    contentType: given.text('content-type'),
    metadata: readPairs(given, 'meta', '='),
    // The library refuses what is none.
    storageClass: given.text('storage-class') as StorageClass | undefined,
    onEvent: given.flag('json') ? printEvent : warnOfRemains,
  };
}

function printEvent(event: UploadEvent): void {
  console.log(
    JSON.stringify(event, (_, value: unknown) => (value instanceof UploadError ? told(value) : value)),
  );
}

function told({ code, message, hint, context }: UploadError): object {
  return { code, message, hint, context };
}

function warnOfRemains(event: UploadEvent): void {
  if (event.type !== 'cleanup-failed') return;
  console.error(`partway: OSS may still hold parts, which it bills: ${event.error.message}`);
  console.error('`partway uploads` shows them, and `partway abort` removes them.');
}

function tellHowToResume(upload: Upload): void {
  const { partsConfirmed, partCount } = upload.snapshot();
  const kept = partCount === undefined ? '' : `; ${partsConfirmed} of ${partCount} parts are confirmed`;
  console.error(`partway: paused${kept}. To resume, run:`);
  const [node = '', script = '', ...args] = process.argv;
  const program = basename(script) === 'partway' ? ['partway'] : [node, script];
  const words = [...program, ...args.filter((arg) => arg !== '--no-resume')];
  console.error(`  ${words.map(quoted).join(' ')}`);
}

/** As a shell reads it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
