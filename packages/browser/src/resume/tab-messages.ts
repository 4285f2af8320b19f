import type { UploadErrorCode, UploadSnapshot } from '@partway/core';

/** How far an upload is, as its tab tells the others: numbers and names, never a URL or a token. */
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
  /** The same as in `listUnfinishedUploads`. */
  readonly id: string;
  /** The file's. */
  readonly name: string;
  readonly key: string;
  readonly size: number;
  /** Why it failed. */
  readonly errorCode: UploadErrorCode | undefined;
}

/** What tabs say to each other. `asked`: whoever uploads, tell how far you are. */
export type TabMessage = { readonly type: 'asked' } | { readonly type: 'upload'; readonly upload: TabUpload };

export interface TabChannel {
  post(message: TabMessage): void;
  close(): void;
}

/** The tabs of one origin that share a database. Where there is no BroadcastChannel nothing is heard. */
export function openTabChannel(databaseName: string, hear: (message: TabMessage) => void): TabChannel {
  if (!('BroadcastChannel' in globalThis)) return { post: () => undefined, close: () => undefined };
  const channel = new BroadcastChannel(`${FORMAT}:${databaseName}`);
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const message = readMessage(data);
    if (message !== undefined) hear(message);
  });
  return {
    post: (message) => channel.postMessage({ format: FORMAT, ...message }),
    close: () => channel.close(),
  };
}

/** A version that says other things says them elsewhere. */
const FORMAT = 'partway-tabs-1';

/** Everything a snapshot says that other tabs may know. */
export function tabUpload(
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

/** `undefined` for anything else: whatever runs in this origin can send to the channel. */
function readMessage(value: unknown): TabMessage | undefined {
  const { format, type, upload } = fieldsOf(value);
  if (format !== FORMAT) return undefined;
  if (type === 'asked') return { type };
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
