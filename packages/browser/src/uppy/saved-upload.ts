/** The data of an upload that are stored to resume it after a reload. Contains a bearer credential. */
export interface SavedUpload {
  readonly uploadToken: string;
  readonly kind: 'single' | 'multipart';
  readonly bucket: string;
  readonly key: string;
  /** The size of the file in bytes. */
  readonly size: number;
  readonly partSize: number;
}

const VERSION = 1;

export function encodeSavedUpload({ uploadToken, kind, bucket, key, size, partSize }: SavedUpload): string {
  return JSON.stringify({ version: VERSION, uploadToken, kind, bucket, key, size, partSize });
}

/** `undefined` for any text that this version has not encoded. */
export function decodeSavedUpload(text: string): SavedUpload | undefined {
  const value: unknown = parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, uploadToken, kind, bucket, key, size, partSize } = value as Readonly<
    Record<string, unknown>
  >;
  const isValid =
    version === VERSION &&
    [uploadToken, bucket, key].every((field) => typeof field === 'string' && field !== '') &&
    (kind === 'single' || kind === 'multipart') &&
    Number.isSafeInteger(size) &&
    Number.isSafeInteger(partSize) &&
    Number(partSize) > 0;
  return isValid ? (value as SavedUpload) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
