/** Headers and settings of the object. Sent once, when the upload is initiated. */
export interface ObjectOptions {
  /** Content-Type. Default: none; OSS then serves `application/octet-stream`. */
  readonly contentType?: string | undefined;
  /** Cache-Control. Default: none. */
  readonly cacheControl?: string | undefined;
  /** Content-Disposition. Default: none. */
  readonly contentDisposition?: string | undefined;
  /** Content-Encoding. Default: none. */
  readonly contentEncoding?: string | undefined;
  /** Expires: an HTTP date or any other text, which OSS returns with the object. Default: none. */
  readonly expires?: string | undefined;
  /**
   * User metadata: `{ author: 'wei' }` becomes `x-oss-meta-author: wei`. At most 8 KiB in all. Default: none.
   */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Object tags. Default: none. */
  readonly tagging?: Readonly<Record<string, string>> | undefined;
  /** Default: the storage class of the bucket. */
  readonly storageClass?: StorageClass | undefined;
  /** Server-side encryption. Default: that of the bucket. */
  readonly serverSideEncryption?: 'AES256' | 'KMS' | 'SM4' | undefined;
  /** The algorithm of `KMS`. Default: AES256. */
  readonly serverSideDataEncryption?: 'SM4' | undefined;
  /** The ID of the KMS key. Default: the key that KMS manages for OSS. */
  readonly serverSideEncryptionKeyId?: string | undefined;
  /** Default: `default`, the ACL of the bucket. */
  readonly acl?: 'default' | 'private' | 'public-read' | 'public-read-write' | undefined;
  /** Rejects an upload to an existing key. No effect in a bucket with versioning. Default: false. */
  readonly forbidOverwrite?: boolean | undefined;
}

/** OSS's storage classes. */
export type StorageClass = 'Standard' | 'IA' | 'Archive' | 'ColdArchive' | 'DeepColdArchive';
