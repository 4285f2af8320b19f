import { startChild } from '../processes.ts';
import type { Crc64Table, StoredPart } from './responses.ts';

export interface SinkOptions {
  /** The CRC64 of each part. Default: 0 for all. */
  readonly crc64s?: Crc64Table;
  /** PEM. Default: plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Above that, PUTs are refused with 503. Default: as many as come. */
  readonly partsPerSecond?: number;
}

/** The requests since the last count. */
export interface SinkCount {
  /** Of PUT requests. */
  readonly bodyBytes: number;
  readonly parts: number;
  readonly refused: number;
  readonly cpuSeconds: number;
}

export type SinkTask =
  | { readonly listen: SinkOptions }
  | { readonly plant: { readonly uploadId: string; readonly parts: readonly StoredPart[] } }
  | { readonly count: true };

export interface Sink {
  readonly port: number;
  readonly endpoint: string;
  /** Returns the requests since the last call. */
  takeCount(): Promise<SinkCount>;
  plant(uploadId: string, parts: readonly StoredPart[]): Promise<void>;
}

/** Runs a sink in a process of its own for as long as `run` runs. */
export async function withSink<T>(options: SinkOptions, run: (sink: Sink) => Promise<T>): Promise<T> {
  const child = startChild('sink/sink.js');
  const runTask = <Result>(task: SinkTask): Promise<Result> => child.run(task);
  try {
    const port = await runTask<number>({ listen: options });
    return await run({
      port,
      endpoint: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
      takeCount: () => runTask({ count: true }),
      plant: (uploadId, parts) => runTask({ plant: { uploadId, parts } }),
    });
  } finally {
    await child.stop();
  }
}
