/** The fields of a file of Uppy that the bridge reads. Uppy 5 and 6 both provide them. */
export interface UppyFile {
  /** The ID of the file in Uppy. */
  readonly id: string;
  /** The name of the file. */
  readonly name?: string | undefined;
  /** The media type of the file, if known. */
  readonly type?: string | undefined;
  /** A Blob, except for files that Companion uploads from another place. */
  readonly data?: unknown;
  /** The state of an upload that Uppy wants to resume. */
  readonly s3Multipart?: unknown;
}

/** Throws a `TypeError` for a file without a Blob. */
export function blobOf({ data }: UppyFile): Blob {
  if (data instanceof Blob) return data;
  throw new TypeError('file.data must be a File or Blob: Companion uploads remote files without the bridge');
}
