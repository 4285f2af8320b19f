import type { ByteStream, StreamUploadOptions, Upload } from '@partway/core';
import { assertOptions } from '@partway/core/internal';
import { type StreamPorts, startStreamUpload } from '@partway/core/ports';
import { createSpillFiles } from './files/spill-files.ts';
import { type ConnectionOptions, createPlatformPorts } from './platform-ports.ts';

/** Options of {@link uploadStream}. Exactly one of `endpoint` and `controlPlane` is required. */
export interface UploadStreamOptions extends StreamUploadOptions, ConnectionOptions {
  /**
   * The directory for temporary files. They store the parts for which `memoryMax` has no room, until OSS has
   * confirmed them; no other user can read them. Default: the system's directory for temporary files.
   */
  readonly directory?: string | undefined;
}

/**
 * Starts to upload a stream of any length and returns at once; `result` resolves when the object is stored
 * and verified. Accepts a Readable of Node, a web `ReadableStream`, or an async iterable of `Uint8Array`,
 * and reads it only as fast as OSS confirms parts. Throws a `TypeError` or `RangeError` for an invalid option
 * or any other stream. If the stream fails, or a part cannot be stored in a temporary file, `result` rejects
 * with code `source_unreadable`. After a failure the stream is destroyed or cancelled, and the upload is
 * removed from OSS.
 *
 * @example
 * ```ts
 * import { createReadStream } from 'node:fs';
 * import { createGzip } from 'node:zlib';
 * import { uploadStream } from '@partway/node';
 *
 * const stream = createReadStream('./app.log').pipe(createGzip());
 * const upload = uploadStream(stream, {
 *   endpoint: 'https://app.example.com/uploads',
 *   headers: { authorization: 'Bearer wei' },
 *   key: 'app.log.gz',
 * });
 * const { size } = await upload.result;
 * console.log(`${size} bytes`);
 * ```
 */
export function uploadStream(stream: ByteStream, options: UploadStreamOptions): Upload {
  return startWith(startStreamUpload, stream, options);
}

/** Checks the stream and the options, and starts the upload with `start`: alone, or in an uploader. */
export function startWith<Options extends Omit<UploadStreamOptions, 'memoryMax'>>(
  start: (ports: StreamPorts, options: Omit<Options, keyof ConnectionOptions | 'directory'>) => Upload,
  stream: ByteStream,
  options: Options,
): Upload {
  assertOptions(options);
  const { endpoint, controlPlane, headers, transport, directory, ...uploadOptions } = options;
  const checked = checkStream(stream);
  const ports = {
    ...createPlatformPorts({ endpoint, controlPlane, headers, transport }),
    stream: checked.stream,
    spill: createSpillFiles(directory),
  };
  const upload = start(ports, uploadOptions);
  checked.attach(upload);
  return upload;
}

interface CheckedStream {
  readonly stream: ByteStream;
  /** To be called with the upload as soon as it has started: its failure then destroys the stream. */
  attach(upload: Upload): void;
}

/** Throws a `TypeError` for a value that is no stream of bytes, or that has ended. */
function checkStream(stream: unknown): CheckedStream {
  if (isWebStream(stream)) {
    // Read by a reader, not by iteration: its cancellation does not wait for the chunk that is being read.
    return { stream: { getReader: () => stream.getReader() }, attach: () => undefined };
  }
  if (!isAsyncIterable(stream)) {
    throw new TypeError('stream must be a Readable, a ReadableStream or an async iterable of Uint8Array');
  }
  if (!isNodeStream(stream)) return { stream, attach: () => undefined };
  if (Reflect.get(stream, 'readableEnded') === true || Reflect.get(stream, 'destroyed') === true) {
    throw new TypeError('stream has ended or was destroyed: it has no bytes to upload');
  }
  return {
    stream,
    attach(upload) {
      // Without a listener, an error before the first read would end the process. The iteration reports it.
      stream.on('error', () => undefined);
      // The engine ends the iteration, which alone would wait for the chunk that is being read.
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

/** Checks the methods: streams of other copies of `readable-stream` are not instances of Node's class. */
function isNodeStream(value: object): value is Pick<NodeJS.EventEmitter, 'on'> & { destroy(): void } {
  return hasMethods(value, ['on', 'destroy']);
}

function hasMethods(value: unknown, names: readonly PropertyKey[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === 'function');
}
