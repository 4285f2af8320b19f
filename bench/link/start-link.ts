import { startChild } from '../processes.ts';
import { withSmallBuffers } from './small-buffers.ts';

/** A link between a client and the sink, as TCP would show it. */
export interface LinkModel {
  readonly roundTripMs: number;
  /** Of all connections together, towards the sink. */
  readonly bytesPerSecond: number;
  /** The queue before the bottleneck, in bytes; data beyond it are lost. */
  readonly queueSize: number;
  /** The window, in bytes, at which a connection's bursts overflow the queue: it grows slowly from there. */
  readonly slowStartMax: number;
  /** Of a segment of 1448 bytes, besides what the queue loses. */
  readonly lossPerSegment: number;
}

export interface LinkTask {
  readonly model: LinkModel;
  /** Of the sink, on 127.0.0.1. */
  readonly port: number;
}

/** Runs a link to a port of this machine in a process of its own, for as long as `run` runs. */
export async function withLink<T>(task: LinkTask, run: (endpoint: string) => Promise<T>): Promise<T> {
  const child = startChild('link/link.js', withSmallBuffers());
  try {
    return await run(`http://127.0.0.1:${await child.run<number>(task)}`);
  } finally {
    await child.stop();
  }
}
