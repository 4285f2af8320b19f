/**
 * Starts the worker that takes CRC64s. Throws, or lets the worker tell an `error`, where it cannot be had.
 *
 * Bundlers know a worker by these very words, which therefore stand on one line, with the name that the file
 * has when it is built.
 */
export function startWorker(): Worker {
  return new Worker(new URL('./crc64-worker.js', import.meta.url), { type: 'module' });
}
