import type { Blobs } from './blobs.ts';
import type { Callback } from './callback.ts';
import type { Bucket, OssState } from './state.ts';
import type { OssClock, OssRequest, OssTarget } from './types.ts';
import type { XmlElement } from './xml.ts';

/** What operations work with: the parts of a model. */
export interface ModelParts {
  readonly state: OssState;
  readonly blobs: Blobs;
  readonly clock: OssClock;
  readonly region: string;
  /** Random upper-case hex digits, that many. */
  readonly randomHex: (length: number) => string;
  readonly callback: Callback;
}

/** A request whose signature is good. */
export interface ServiceCall {
  readonly request: OssRequest;
  readonly target: OssTarget;
  /** The last one of a name counts. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly model: ModelParts;
}

/** …about a bucket that exists. */
export interface BucketCall extends ServiceCall {
  readonly bucket: Bucket;
}

/** …and a key that is valid. */
export interface ObjectCall extends BucketCall {
  readonly key: string;
}

/** What an operation answers with; the model adds the headers that every response has. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: AnswerBody;
}

export type AnswerBody = { readonly xml: XmlElement } | { readonly json: string } | ContentBody;

export interface ContentBody {
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export type Operation<Call extends ServiceCall> = (call: Call) => Answer | Promise<Answer>;
