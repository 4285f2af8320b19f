import { startChild } from '../processes.ts';
import type { Crc64Table, StoredPart } from './responses.ts';

export interface SinkOptions {
  /** The CRC64 of each part. Default: 0 for all. */
  readonly crc64s?: Crc64Table;
  /** Key and certificate as PEM. Default: plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Above this rate PUTs are refused with 503. Default: no limit. */
  readonly partsPerSecond?: number;
}

/** The requests since the last count. */
export interface SinkCount {
  /** Body bytes of PUT requests. */
  readonly bodyBytes: number;
  readonly parts: number;
  readonly refused: number;
  readonly cpuSeconds: number;
}

export type SinkTask =
  | { readonly listen: SinkOptions }
  | { readonly addUpload: { readonly uploadId: string; readonly parts: readonly StoredPart[] } }
  | { readonly count: true };

export interface Sink {
  readonly port: number;
  readonly endpoint: string;
  /** Returns the requests since the last call. */
  takeCount(): Promise<SinkCount>;
  addUpload(uploadId: string, parts: readonly StoredPart[]): Promise<void>;
}

/** Runs a sink in its own process while `run` runs. */
export async function withSink<T>(options: SinkOptions, run: (sink: Sink) => Promise<T>): Promise<T> {
  const child = startChild('sink/sink.js');
  const runTask = <Result>(task: SinkTask): Promise<Result> => child.run(task);
  try {
    const port = await runTask<number>({ listen: options });
    return await run({
      port,
      endpoint: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
      takeCount: () => runTask({ count: true }),
      addUpload: (uploadId, parts) => runTask({ addUpload: { uploadId, parts } }),
    });
  } finally {
    await child.stop();
  }
}
