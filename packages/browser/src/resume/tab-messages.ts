import type { UploadErrorCode, UploadSnapshot } from '@partway/core';

/** The state of an upload, as its tab reports it to the other tabs. Contains no URL and no token. */
export interface TabUpload
  extends Pick<
    UploadSnapshot,
    | 'phase'
    | 'partCount'
    | 'partsConfirmed'
    | 'confirmedBytes'
    | 'sentBytes'
    | 'bytesPerSecond'
    | 'remainingMs'
    | 'retries'
  > {
  /** The same ID as in `listUnfinishedUploads`. */
  readonly id: string;
  /** The name of the file; '' for a Blob. */
  readonly name: string;
  /** The key that the upload requested. */
  readonly key: string;
  /** The size of the file in bytes. */
  readonly size: number;
  /** The code of the error; `undefined` unless the upload has failed. */
  readonly errorCode: UploadErrorCode | undefined;
}

/** A message between tabs. After a `report-request` the tabs report the uploads that they own. */
export type TabMessage =
  | { readonly type: 'report-request' }
  | { readonly type: 'upload'; readonly upload: TabUpload };

export interface TabChannel {
  post(message: TabMessage): void;
  close(): void;
}

/** Connects the tabs of one origin that share a database. Without BroadcastChannel no messages arrive. */
export function openTabChannel(databaseName: string, onMessage: (message: TabMessage) => void): TabChannel {
  if (!('BroadcastChannel' in globalThis)) return { post: () => undefined, close: () => undefined };
  const channel = new BroadcastChannel(`${FORMAT}:${databaseName}`);
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const message = readMessage(data);
    if (message !== undefined) onMessage(message);
  });
  return {
    post: (message) => channel.postMessage({ format: FORMAT, ...message }),
    close: () => channel.close(),
  };
}

/** Part of the channel's name: versions with different messages do not receive each other's. */
const FORMAT = 'partway-tabs-1';

/** The fields of a snapshot that other tabs may see. */
export function toTabUpload(
  known: Pick<TabUpload, 'id' | 'name' | 'key' | 'size'>,
  snapshot: UploadSnapshot,
): TabUpload {
  const { phase, partCount, partsConfirmed, confirmedBytes, sentBytes } = snapshot;
  const { bytesPerSecond, remainingMs, retries, error } = snapshot;
  const { id, name, key, size } = known;
  return {
    ...{ id, name, key, size, phase, partCount, partsConfirmed, confirmedBytes, sentBytes },
    ...{ bytesPerSecond, remainingMs, retries, errorCode: error?.code },
  };
}

/** `undefined` for any other value: every script of the origin can post to the channel. */
function readMessage(value: unknown): TabMessage | undefined {
  const { format, type, upload } = fieldsOf(value);
  if (format !== FORMAT) return undefined;
  if (type === 'report-request') return { type };
  const fields = fieldsOf(upload);
  if (type !== 'upload' || !isTabUpload(fields)) return undefined;
  return { type, upload: fields };
}

function isTabUpload(fields: Readonly<Record<string, unknown>>): fields is TabUpload & typeof fields {
  const { id, name, key, phase, errorCode } = fields;
  return (
    typeof id === 'string' &&
    /^[0-9a-f]{16}$/.test(id) &&
    typeof name === 'string' &&
    typeof key === 'string' &&
    typeof phase === 'string' &&
    PHASES.has(phase) &&
    (errorCode === undefined || typeof errorCode === 'string') &&
    [fields.size, fields.partsConfirmed, fields.confirmedBytes, fields.sentBytes, fields.retries].every(
      isCount,
    ) &&
    [fields.partCount, fields.bytesPerSecond, fields.remainingMs].every((n) => n === undefined || isCount(n))
  );
}

const PHASES: ReadonlySet<string> = new Set<UploadSnapshot['phase']>([
  'opening',
  'sending',
  'paused',
  'completing',
  'completed',
  'failed',
]);

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
