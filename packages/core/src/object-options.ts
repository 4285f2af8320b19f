/** What the object shall be, besides its bytes. Sent once, when the upload is initiated. */
export interface ObjectOptions {
  /** Default: none, and OSS serves `application/octet-stream`. */
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** An HTTP date or any text OSS shall return as `Expires`. */
  readonly expires?: string | undefined;
  /** User metadata: `{ author: 'wei' }` becomes `x-oss-meta-author: wei`. At most 8 KiB in all. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly tagging?: Readonly<Record<string, string>> | undefined;
  readonly storageClass?: StorageClass | undefined;
  readonly serverSideEncryption?: 'AES256' | 'KMS' | 'SM4' | undefined;
  readonly serverSideDataEncryption?: 'SM4' | undefined;
  readonly serverSideEncryptionKeyId?: string | undefined;
  readonly acl?: 'default' | 'private' | 'public-read' | 'public-read-write' | undefined;
  /** Refuses to replace an existing object. Without effect in a bucket with versioning. Default: false. */
  readonly forbidOverwrite?: boolean | undefined;
}

export type StorageClass = 'Standard' | 'IA' | 'Archive' | 'ColdArchive' | 'DeepColdArchive';
