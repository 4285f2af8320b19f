import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Upload, UploadedObject } from '@partway/core';
import { sourceUnreadableError } from '@partway/core/internal';
import { createFileCheckpoints } from '../files/file-checkpoints.ts';
import type { UploadFileOptions } from '../upload-file.ts';
import { createUploader } from '../uploader.ts';
import { readCount } from './arguments.ts';
import type { ParsedArgs } from './command.ts';
import type { Destination } from './destination.ts';
import { EXIT, reportFailure } from './exit-code.ts';
import { escapeControls } from './format.ts';
import type { StopSignal } from './stop-on-signal.ts';

/** As many as an uploader sends and completes at once. More waiting uploads would only use memory. */
const STARTED_FILES_MAX = 128;

/**
 * Uploads every regular file below a directory, each to the prefix and its own path. A failed file does not
 * stop the others. Resolves with the worst exit code.
 */
export async function putDirectory(
  parsed: ParsedArgs,
  { key: prefix, isPrefix, checkpointDirectory }: Destination,
  common: Omit<UploadFileOptions, 'key'>,
): Promise<number> {
  const directory = parsed.text('file') ?? '';
  // A bucket without a key is a prefix too.
  if (!isPrefix) throw new TypeError(`ADDRESS must end in / with --recursive, got ${parsed.text('address')}`);
  const checkpoints = createFileCheckpoints(checkpointDirectory);
  const { concurrency: _, onEvent = () => undefined, ...options } = common;
  const uploader = createUploader({ concurrency: readCount(parsed, 'concurrency') });
  const running = new Set<Upload>();
  const stop = pauseOnSignal(running);
  const totals = { found: 0, done: 0, bytes: 0, code: EXIT.done as number };

  async function put(path: string): Promise<void> {
    totals.found += 1;
    const key = prefix + relative(directory, path).split(sep).join('/');
    const resume = parsed.flag('resume');
    try {
      const upload = uploader.uploadFile(path, {
        ...options,
        key,
        checkpoints,
        resume,
        // Events of several uploads are interleaved: each has its key.
        onEvent(event) {
          const eventWithKey = { ...event, key };
          onEvent(eventWithKey);
        },
      });
      running.add(upload);
      const object = await Promise.race([upload.result, stop.paused(upload)]).finally(() =>
        running.delete(upload),
      );
      if (object === undefined) return;
      totals.done += 1;
      totals.bytes += object.size;
      if (!parsed.flag('json')) printObject(object);
    } catch (reason) {
      console.error(`partway: ${escapeControls(path)}:`);
      totals.code = worstOf(totals.code, reportFailure(reason));
    }
  }

  function reportUnreadable(path: string): void {
    const error = sourceUnreadableError(`${escapeControls(path)} is not a readable directory`);
    totals.code = worstOf(totals.code, reportFailure(error));
  }

  await forEachFile(findFiles(directory, reportUnreadable), put, () => stop.signal() !== undefined);
  if (!parsed.flag('quiet'))
    console.error(`partway: ${totals.done} of ${totals.found} files, ${totals.bytes} bytes`);
  const signal = stop.signal();
  if (signal === undefined) return totals.code;
  console.error('partway: paused. To resume, run the same command again: it resumes unfinished files, and');
  console.error('uploads complete ones again.');
  return EXIT[signal];
}

function printObject({ bucket, key, size, crc64 }: UploadedObject): void {
  console.log(`oss://${bucket}/${escapeControls(key)} ${size} bytes, CRC64 ${crc64}`);
}

/** A permanent failure outranks a transient one. */
function worstOf(a: number, b: number): number {
  const ranks: readonly number[] = [EXIT.done, EXIT.transient, EXIT.failed, EXIT.usage];
  return ranks.indexOf(b) > ranks.indexOf(a) ? b : a;
}

/** Depth first, in the order of names. Symbolic links are followed to files, but not to directories. */
async function* findFiles(directory: string, onUnreadable: (path: string) => void): AsyncGenerator<string> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) onUnreadable(directory);
  for (const entry of (entries ?? []).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* findFiles(path, onUnreadable);
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(path)))) yield path;
  }
}

/** A broken or circular link is not a file. */
async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

async function forEachFile(
  paths: AsyncIterable<string>,
  put: (path: string) => Promise<void>,
  shouldStop: () => boolean,
): Promise<void> {
  const started = new Set<Promise<void>>();
  for await (const path of paths) {
    if (shouldStop()) break;
    const one: Promise<void> = put(path).finally(() => started.delete(one));
    started.add(one);
    while (started.size >= STARTED_FILES_MAX) await Promise.race(started);
  }
  await Promise.all(started);
}

/** The first signal pauses all running uploads; a second one ends the process at once. */
function pauseOnSignal(running: ReadonlySet<Upload>): {
  /** The signal that paused the uploads, if any. */
  signal(): StopSignal | undefined;
  /** Resolves when the upload is paused after a signal. */
  paused(upload: Upload): Promise<undefined>;
} {
  let stoppedBy: StopSignal | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stoppedBy !== undefined) process.exit(EXIT[signal]);
      stoppedBy = signal;
      console.error('partway: pausing; a second signal exits at once');
      for (const upload of running) upload.pause();
    });
  }
  return {
    signal: () => stoppedBy,
    paused: (upload) =>
      new Promise((resolve) => {
        upload.subscribe(({ type }) => {
          if (type === 'paused' && stoppedBy !== undefined) resolve(undefined);
        });
      }),
  };
}
