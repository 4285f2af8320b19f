import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { type Upload, UploadError } from '@partway/core';
import { createFileCheckpoints } from '../file-checkpoints.ts';
import type { UploadFileOptions } from '../upload-file.ts';
import { createUploader } from '../uploader.ts';
import { readCheckpointDirectory, readCount, readObjectAddress } from './arguments.ts';
import type { Given } from './command.ts';
import { EXIT, reportFailure } from './exit-code.ts';
import type { StopSignal } from './stop-on-signal.ts';

/** Handles of files that wait for their turn: ten thousand of them would be memory for nothing. */
const AHEAD_MAX = 64;

/**
 * Uploads every regular file under a directory, each to the prefix and its own path. One that fails does not
 * stop the others. Resolves with the exit code: the worst of all.
 */
export async function putDirectory(given: Given, common: Omit<UploadFileOptions, 'key'>): Promise<number> {
  const directory = given.text('file') ?? '';
  const { bucket, key: prefix } = readPrefix(given);
  const checkpoints = createFileCheckpoints(readCheckpointDirectory(given, bucket));
  const { concurrency: _, ...options } = common;
  const uploader = createUploader({ concurrency: readCount(given, 'concurrency') });
  const files = filesUnder(directory);
  const running = new Set<Upload>();
  const stop = stopAll(running);
  const tally = { done: 0, bytes: 0, code: EXIT.done as number };

  async function put(path: string): Promise<void> {
    const key = prefix + relative(directory, path).split(sep).join('/');
    const resume = given.flag('resume');
    try {
      const upload = uploader.uploadFile(path, { ...options, key, checkpoints, resume });
      running.add(upload);
      const object = await Promise.race([upload.result, stop.paused(upload)]).finally(() =>
        running.delete(upload),
      );
      if (object === undefined) return;
      tally.done += 1;
      tally.bytes += object.size;
      if (!given.flag('json'))
        console.log(`oss://${bucket}/${key} ${object.size} bytes, CRC64 ${object.crc64}`);
    } catch (reason) {
      console.error(`partway: ${path}:`);
      tally.code = Math.max(tally.code, reportFailure(reason));
    }
  }

  await eachOf(files, put, () => stop.by() !== undefined);
  if (!given.flag('quiet'))
    console.error(`partway: ${tally.done} of ${files.length} files, ${tally.bytes} bytes`);
  const signal = stop.by();
  if (signal === undefined) return tally.code;
  console.error(
    'partway: paused. To resume, run the same command again: what is there already is sent again',
  );
  console.error('only where it was not confirmed.');
  return EXIT[signal];
}

function readPrefix(given: Given): { readonly bucket: string; readonly key: string } {
  const address = given.text('address') ?? '';
  if (!address.endsWith('/')) throw new TypeError(`ADDRESS must end in / with --recursive, got ${address}`);
  // A bucket alone is a prefix too.
  const { bucket, key } = readObjectAddress({
    ...given,
    text: (name) => (name === 'address' ? `${address}-` : given.text(name)),
  });
  return { bucket, key: key.slice(0, -1) };
}

/** In the order of their names. Links are followed to files, not to directories. */
function filesUnder(directory: string): readonly string[] {
  const entries = readEntries(directory);
  return entries
    .filter((entry) => entry.isFile() || (entry.isSymbolicLink() && isFile(pathOf(entry))))
    .map(pathOf)
    .sort((a, b) => (a < b ? -1 : 1));
}

function readEntries(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true });
  } catch (cause) {
    throw new UploadError({
      code: 'source_unreadable',
      message: `${directory} is no directory that can be read`,
      disposition: 'permanent',
      cause,
    });
  }
}

function pathOf(entry: Dirent): string {
  return join(entry.parentPath, entry.name);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

async function eachOf(
  paths: readonly string[],
  put: (path: string) => Promise<void>,
  isOver: () => boolean,
): Promise<void> {
  const under = new Set<Promise<void>>();
  for (const path of paths) {
    if (isOver()) break;
    const one: Promise<void> = put(path).finally(() => under.delete(one));
    under.add(one);
    while (under.size >= AHEAD_MAX) await Promise.race(under);
  }
  await Promise.all(under);
}

/** The first signal pauses all that run; a second one ends the process at once. */
function stopAll(running: ReadonlySet<Upload>): {
  by(): StopSignal | undefined;
  paused(upload: Upload): Promise<undefined>;
} {
  let stoppedBy: StopSignal | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stoppedBy !== undefined) process.exit(EXIT[signal]);
      stoppedBy = signal;
      console.error('partway: pausing; once more ends it at once');
      for (const upload of running) upload.pause();
    });
  }
  return {
    by: () => stoppedBy,
    paused: (upload) =>
      new Promise((resolve) => {
        upload.subscribe(({ type }) => {
          if (type === 'paused' && stoppedBy !== undefined) resolve(undefined);
        });
      }),
  };
}
