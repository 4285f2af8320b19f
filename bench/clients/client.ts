/** A file to send, and how. */
export interface FileToSend {
  readonly path: string;
  readonly size: number;
  readonly key: string;
  readonly partSize: number;
  /** `auto` is for clients that support it. */
  readonly concurrency: number | 'auto';
}

/** Resolves when every part has been confirmed. */
export type SendFile = (file: FileToSend) => Promise<void>;

/** The export of each client: a sender that keeps its connections between files. */
export type CreateSender = (endpoint: string) => SendFile;

export const BUCKET = 'bench';
export const REGION = 'cn-hangzhou';
export const CREDENTIALS = { accessKeyId: 'bench', accessKeySecret: 'bench-secret' } as const;

/** The clients that run in a Node process. */
export type ClientName =
  | 'partway'
  | 'undici'
  | 'undici, CRC64 on'
  | 'node:http'
  | 'raw socket'
  | 'fetch'
  | 'ali-oss'
  | '@aws-sdk/lib-storage';
