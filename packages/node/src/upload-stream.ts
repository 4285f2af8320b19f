import type { ByteStream, StreamUploadOptions, Upload } from '@partway/core';
import { assertOptions } from '@partway/core/internal';
import { type StreamPorts, startStreamUpload } from '@partway/core/ports';
import { createSpillFiles } from './files/spill-files.ts';
import { type PlatformOptions, platformPorts } from './platform-ports.ts';

export interface UploadStreamOptions extends StreamUploadOptions, PlatformOptions {
  /**
   * Where the parts for which `memoryMax` has no room are kept until they are confirmed, in temporary files
   * that nobody but this process can open. Default: the system's directory for them.
   */
  readonly directory?: string | undefined;
}

/**
 * Uploads bytes that come once, of a length nobody knows yet, and returns at once; `result` tells how it
 * ends. Takes a Readable of Node, a web `ReadableStream`, or any async iterable of `Uint8Array`; it is read
 * only as fast as parts are confirmed. Throws a `TypeError` or `RangeError` for anything else, and for a
 * wrong option. A stream that fails, or a part that cannot be kept, rejects `result` with
 * `source_unreadable`. After a failure the stream is destroyed, or cancelled, and nothing is left in OSS.
 *
 * @example
 * ```ts
 * import { createReadStream } from 'node:fs';
 * import { createGzip } from 'node:zlib';
 * import { createHttpControlPlane, uploadStream } from '@partway/node';
 *
 * const controlPlane = createHttpControlPlane('https://app.example.com/uploads', {
 *   headers: { authorization: 'Bearer wei' },
 * });
 * const stream = createReadStream('./app.log').pipe(createGzip());
 * const { size } = await uploadStream(stream, { controlPlane, key: 'app.log.gz' }).result;
 * console.log(`${size} bytes`);
 * ```
 */
export function uploadStream(stream: ByteStream, options: UploadStreamOptions): Upload {
  return beginStream(stream, options, startStreamUpload);
}

/** `start` begins the upload, by itself or within a budget that it shares with others. */
export function beginStream<Options extends Omit<UploadStreamOptions, 'memoryMax'>>(
  stream: ByteStream,
  options: Options,
  start: (ports: StreamPorts, options: Omit<Options, keyof PlatformOptions | 'directory'>) => Upload,
): Upload {
  assertOptions(options);
  const { controlPlane, transport, directory, ...uploadOptions } = options;
  const bytes = byteStreamOf(stream);
  const ports = {
    ...platformPorts(controlPlane, transport),
    stream: bytes.stream,
    spill: createSpillFiles(directory),
  };
  const upload = start(ports, uploadOptions);
  bytes.follow(upload);
  return upload;
}

interface FollowedStream {
  readonly stream: ByteStream;
  /** Lets the stream end when the upload has failed. */
  follow(upload: Upload): void;
}

function byteStreamOf(stream: unknown): FollowedStream {
  if (isWebStream(stream)) {
    // Read by a reader, not by iteration: cancelling one does not wait for the chunk that is being read.
    return { stream: { getReader: () => stream.getReader() }, follow: () => undefined };
  }
  if (!isAsyncIterable(stream)) {
    throw new TypeError('stream must be a Readable, a ReadableStream or an async iterable of Uint8Array');
  }
  if (!isNodeStream(stream)) return { stream, follow: () => undefined };
  if (Reflect.get(stream, 'readableEnded') === true || Reflect.get(stream, 'destroyed') === true) {
    throw new TypeError('stream has been read to its end already, or destroyed: nothing would be uploaded');
  }
  return {
    stream,
    follow(upload) {
      // An error before the first read would end the process; the iteration tells it all the same.
      stream.on('error', () => undefined);
      // The engine lets go by ending the iteration, which waits for the chunk that is being read.
      upload.result.catch(() => stream.destroy());
    },
  };
}

function isWebStream(value: unknown): value is Extract<ByteStream, { getReader: unknown }> {
  return hasMethods(value, ['getReader']);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return hasMethods(value, [Symbol.asyncIterator]);
}

/** By its verbs: the streams of other copies of `readable-stream` are no instances of Node's. */
function isNodeStream(value: object): value is Pick<NodeJS.EventEmitter, 'on'> & { destroy(): void } {
  return hasMethods(value, ['on', 'destroy']);
}

function hasMethods(value: unknown, names: readonly PropertyKey[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === 'function');
}
