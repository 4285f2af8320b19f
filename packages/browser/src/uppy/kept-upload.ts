/** What has to survive the page for an upload to be gone on with. Holds a bearer credential. */
export interface KeptUpload {
  readonly uploadToken: string;
  readonly kind: 'single' | 'multipart';
  readonly bucket: string;
  readonly key: string;
  /** Of the whole file. */
  readonly size: number;
  readonly partSize: number;
}

const VERSION = 1;

export function encodeKeptUpload({ uploadToken, kind, bucket, key, size, partSize }: KeptUpload): string {
  return JSON.stringify({ version: VERSION, uploadToken, kind, bucket, key, size, partSize });
}

/** `undefined` for what is none of this version. */
export function decodeKeptUpload(text: string): KeptUpload | undefined {
  const value: unknown = parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, uploadToken, kind, bucket, key, size, partSize } = value as Readonly<
    Record<string, unknown>
  >;
  const isWhole =
    version === VERSION &&
    [uploadToken, bucket, key].every((text) => typeof text === 'string' && text !== '') &&
    (kind === 'single' || kind === 'multipart') &&
    Number.isSafeInteger(size) &&
    Number.isSafeInteger(partSize) &&
    Number(partSize) > 0;
  return isWhole ? (value as KeptUpload) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
