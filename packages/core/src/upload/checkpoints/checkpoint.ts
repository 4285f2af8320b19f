import { createPortableCrc64 } from '../../checksum/portable-crc64.ts';
import { isFileSize, isPartSize } from '../../parts/part-plan.ts';
import type { InitiatedUpload, ObjectOptions, Source } from '../../ports.ts';

/**
 * What a resume needs. Written once, before the first part: OSS knows the parts, and local bytes prove them.
 */
export interface Checkpoint {
  readonly key: string;
  /** What the object shall be, for an upload that must be begun anew. */
  readonly object: ObjectOptions;
  /** Where the bytes come from, and what they were. */
  readonly identity: string;
  readonly fingerprint: string;
  readonly size: number;
  readonly upload: InitiatedUpload;
  readonly startedAt: number;
}

/** Names the upload of a source to a key: 16 hex digits, good for a file's name. */
export function checkpointId({ identity }: Pick<Source, 'identity'>, key: string): string {
  const crc = createPortableCrc64();
  crc.update(new TextEncoder().encode(`${identity}\n${key}`));
  return BigInt(crc.digest()).toString(16).padStart(16, '0');
}

export function encodeCheckpoint(checkpoint: Checkpoint): string {
  return JSON.stringify({ format: FORMAT, ...checkpoint });
}

/** `undefined` for anything damaged, of another version, or not ours. */
export function decodeCheckpoint(text: string): Checkpoint | undefined {
  const { format, ...record } = parse(text);
  const { key, object, identity, fingerprint, size, upload, startedAt } = record as Partial<Checkpoint>;
  const isWhole =
    format === FORMAT &&
    [key, identity, fingerprint, upload?.uploadToken, upload?.bucket, upload?.key].every(isText) &&
    isFileSize(size) &&
    isPartSize(upload?.partSize) &&
    Number.isFinite(startedAt) &&
    typeof object === 'object' &&
    object !== null &&
    (upload?.kind === 'multipart' || upload?.kind === 'single');
  if (!isWhole) return undefined;
  const { uploadId } = upload as InitiatedUpload;
  return { ...(record as unknown as Checkpoint), upload: { ...(upload as InitiatedUpload), uploadId } };
}

/** Another version of this library that writes other records writes another format. */
const FORMAT = 'partway-checkpoint-1';

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
