import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type Upload, UploadError } from '@partway/core';
import { createFileCheckpoints } from '../files/file-checkpoints.ts';
import type { UploadFileOptions } from '../upload-file.ts';
import { createUploader } from '../uploader.ts';
import { readCount } from './arguments.ts';
import type { Given } from './command.ts';
import type { Destination } from './destination.ts';
import { EXIT, reportFailure } from './exit-code.ts';
import { printable } from './printable.ts';
import type { StopSignal } from './stop-on-signal.ts';

/** As many as an uploader sends and completes at once: ten thousand that wait would be memory for nothing. */
const AHEAD_MAX = 128;

/**
 * Uploads every regular file under a directory, each to the prefix and its own path. One that fails does not
 * stop the others. Resolves with the exit code: the worst of all.
 */
export async function putDirectory(
  given: Given,
  { key: prefix, isPrefix, checkpointDirectory }: Destination,
  common: Omit<UploadFileOptions, 'key'>,
): Promise<number> {
  const directory = given.text('file') ?? '';
  // A bucket alone is a prefix too.
  if (!isPrefix) throw new TypeError(`ADDRESS must end in / with --recursive, got ${given.text('address')}`);
  const checkpoints = createFileCheckpoints(checkpointDirectory);
  const { concurrency: _, onEvent = () => undefined, ...options } = common;
  const uploader = createUploader({ concurrency: readCount(given, 'concurrency') });
  const running = new Set<Upload>();
  const stop = stopAll(running);
  const tally = { found: 0, done: 0, bytes: 0, code: EXIT.done as number };

  async function put(path: string): Promise<void> {
    tally.found += 1;
    const key = prefix + relative(directory, path).split(sep).join('/');
    const resume = given.flag('resume');
    try {
      const upload = uploader.uploadFile(path, {
        ...options,
        key,
        checkpoints,
        resume,
        // Events of several uploads are interleaved: each has its key.
        onEvent(event) {
          const named = { ...event, key };
          onEvent(named);
        },
      });
      running.add(upload);
      const object = await Promise.race([upload.result, stop.paused(upload)]).finally(() =>
        running.delete(upload),
      );
      if (object === undefined) return;
      tally.done += 1;
      tally.bytes += object.size;
      if (!given.flag('json'))
        console.log(
          `oss://${object.bucket}/${printable(object.key)} ${object.size} bytes, CRC64 ${object.crc64}`,
        );
    } catch (reason) {
      console.error(`partway: ${printable(path)}:`);
      tally.code = worse(tally.code, reportFailure(reason));
    }
  }

  function unreadable(path: string): void {
    const message = `${printable(path)} is no directory that can be read`;
    const error = new UploadError({ code: 'source_unreadable', message, disposition: 'permanent' });
    tally.code = worse(tally.code, reportFailure(error));
  }

  await eachOf(filesUnder(directory, unreadable), put, () => stop.by() !== undefined);
  if (!given.flag('quiet'))
    console.error(`partway: ${tally.done} of ${tally.found} files, ${tally.bytes} bytes`);
  const signal = stop.by();
  if (signal === undefined) return tally.code;
  console.error(
    'partway: paused. To resume, run the same command again: what is there already is sent again',
  );
  console.error('only where it was not confirmed.');
  return EXIT[signal];
}

/** A permanent failure outranks a temporary one. */
function worse(a: number, b: number): number {
  const ranks: readonly number[] = [EXIT.done, EXIT.later, EXIT.failed, EXIT.usage];
  return ranks.indexOf(b) > ranks.indexOf(a) ? b : a;
}

/** Depth first, in the order of names. Links are followed to files, not to directories. */
async function* filesUnder(directory: string, onUnreadable: (path: string) => void): AsyncGenerator<string> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) onUnreadable(directory);
  for (const entry of (entries ?? []).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path, onUnreadable);
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(path)))) yield path;
  }
}

/** A link that leads nowhere, or round in circles, leads to no file. */
async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function eachOf(
  paths: AsyncIterable<string>,
  put: (path: string) => Promise<void>,
  isOver: () => boolean,
): Promise<void> {
  const under = new Set<Promise<void>>();
  for await (const path of paths) {
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
