import { startChild } from '../processes.ts';
import { withSmallBuffers } from './small-buffers.ts';

/** A link between a client and the sink, as TCP experiences it. */
export interface LinkModel {
  readonly roundTripMs: number;
  /** The capacity towards the sink, shared by all connections. */
  readonly bytesPerSecond: number;
  /** The queue before the bottleneck, in bytes; data beyond it are lost. */
  readonly queueSize: number;
  /** The window in bytes at which slow start ends, because bursts overflow the queue. */
  readonly slowStartMax: number;
  /** The probability that a segment of 1448 bytes is lost, in addition to losses in the queue. */
  readonly lossPerSegment: number;
}

export interface LinkTask {
  readonly model: LinkModel;
  /** The port of the sink on 127.0.0.1. */
  readonly port: number;
}

/** Runs a link to a port of this machine in its own process while `run` runs. */
export async function withLink<T>(task: LinkTask, run: (endpoint: string) => Promise<T>): Promise<T> {
  const child = startChild('link/link.js', withSmallBuffers());
  try {
    return await run(`http://127.0.0.1:${await child.run<number>(task)}`);
  } finally {
    await child.stop();
  }
}
