export interface OssErrorFields {
  readonly status: number;
  /** The `Code` element: `NoSuchUpload`. */
  readonly code: string;
  readonly message: string;
  /** The `EC` element and `x-oss-ec` header, where OSS.md's sources name one. */
  readonly ec?: string;
  /** Further elements, in order: `ArgumentName`, `UploadId`, `StringToSign` … */
  readonly fields?: readonly (readonly [name: string, value: string])[];
}

/** An error that OSS would answer with. Thrown inside the emulator, turned into XML at its edge. */
export class OssError extends Error {
  readonly status: number;
  readonly code: string;
  readonly ec: string | undefined;
  readonly fields: readonly (readonly [name: string, value: string])[];

  constructor({ status, code, message, ec, fields = [] }: OssErrorFields) {
    super(message);
    this.name = 'OssError';
    this.status = status;
    this.code = code;
    this.ec = ec;
    this.fields = fields;
  }
}
