/** The fields of an {@link OssError}. */
export interface OssErrorFields {
  /** The HTTP status. */
  readonly status: number;
  /** The `Code` element: `NoSuchUpload`. */
  readonly code: string;
  /** The `Message` element. */
  readonly message: string;
  /** The `EC` element and the header `x-oss-ec`. Default: none, where OSS.md names none. */
  readonly ec?: string;
  /** Further elements, in order: `ArgumentName`, `UploadId`, `StringToSign` … Default: none. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
}

/** An error response of OSS. Thrown inside the model, which turns it into the XML of the response. */
export class OssError extends Error {
  /** The HTTP status. */
  readonly status: number;
  /** The `Code` element: `NoSuchUpload`. */
  readonly code: string;
  /** The `EC` element and the header `x-oss-ec`; `undefined`: none. */
  readonly ec: string | undefined;
  /** Further elements of the response's XML, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[];

  /** Creates an error with the status and the elements of the response. */
  constructor({ status, code, message, ec, fields = [] }: OssErrorFields) {
    super(message);
    this.name = 'OssError';
    this.status = status;
    this.code = code;
    this.ec = ec;
    this.fields = fields;
  }
}
