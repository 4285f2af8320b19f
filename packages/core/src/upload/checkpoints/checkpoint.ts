import { createPortableCrc64 } from '../../checksum/portable-crc64.ts';
import { isFileSize, isPartSize } from '../../parts/part-plan.ts';
import type { InitiatedUpload, ObjectOptions, Source } from '../../ports.ts';

/**
 * All that a resume needs. Saved once, before the first part: OSS lists the stored parts, and the local bytes
 * prove them.
 */
export interface Checkpoint {
  readonly key: string;
  /** The object options, in case a new upload has to start. */
  readonly object: ObjectOptions;
  /** The identity, fingerprint and size in bytes of the source. */
  readonly identity: string;
  readonly fingerprint: string;
  readonly size: number;
  readonly upload: InitiatedUpload;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** The ID of the upload of a source to a key: 16 hex digits, also valid as a file name. */
export function checkpointId({ identity }: Pick<Source, 'identity'>, key: string): string {
  const crc = createPortableCrc64();
  crc.update(new TextEncoder().encode(`${identity}\n${key}`));
  return BigInt(crc.digest()).toString(16).padStart(16, '0');
}

export function encodeCheckpoint(checkpoint: Checkpoint): string {
  return JSON.stringify({ format: FORMAT, ...checkpoint });
}

/** `undefined` for a text that is damaged, of another format version, or no checkpoint. */
export function decodeCheckpoint(text: string): Checkpoint | undefined {
  const { format, ...record } = parse(text);
  const { key, object, identity, fingerprint, size, upload, startedAt } = record as Partial<Checkpoint>;
  const isValid =
    format === FORMAT &&
    [key, identity, fingerprint, upload?.uploadToken, upload?.bucket, upload?.key].every(isNonEmptyString) &&
    isFileSize(size) &&
    isPartSize(upload?.partSize) &&
    Number.isFinite(startedAt) &&
    typeof object === 'object' &&
    object !== null &&
    (upload?.kind === 'multipart' || upload?.kind === 'single');
  if (!isValid) return undefined;
  const { uploadId } = upload as InitiatedUpload;
  return { ...(record as unknown as Checkpoint), upload: { ...(upload as InitiatedUpload), uploadId } };
}

/** A version with different records has another format. */
const FORMAT = 'partway-checkpoint-1';

function isNonEmptyString(value: unknown): boolean {
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
