import { startChild } from '../processes.ts';
import type { Crc64Table, StoredPart } from './answers.ts';

export interface SinkOptions {
  /** What it says of each part. Default: 0 of every one. */
  readonly crc64s?: Crc64Table;
  /** PEM. Default: plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Above that, PUTs are refused with 503. Default: as many as come. */
  readonly partsPerSecond?: number;
}

/** What came since the last look. */
export interface SinkCount {
  /** Of PUT requests. */
  readonly bodyBytes: number;
  readonly parts: number;
  readonly refused: number;
  readonly cpuSeconds: number;
}

export type SinkQuestion =
  | { readonly listen: SinkOptions }
  | { readonly plant: { readonly uploadId: string; readonly parts: readonly StoredPart[] } }
  | { readonly count: true };

export interface Sink {
  readonly port: number;
  readonly endpoint: string;
  /** Tells what came since the last call. */
  takeCount(): Promise<SinkCount>;
  plant(uploadId: string, parts: readonly StoredPart[]): Promise<void>;
}

/** Runs a sink in a process of its own for as long as `run` runs. */
export async function withSink<T>(options: SinkOptions, run: (sink: Sink) => Promise<T>): Promise<T> {
  const child = startChild('sink/sink.js');
  const ask = <Answer>(question: SinkQuestion): Promise<Answer> => child.ask(question);
  try {
    const port = await ask<number>({ listen: options });
    return await run({
      port,
      endpoint: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
      takeCount: () => ask({ count: true }),
      plant: (uploadId, parts) => ask({ plant: { uploadId, parts } }),
    });
  } finally {
    await child.stop();
  }
}
