/**
 * Every way in which an upload can fail at run time. A caller's mistake is no `UploadError` but a
 * `TypeError` or `RangeError` that names the option.
 *
 * The first paragraph of each code describes its meaning, the second the remedy. `npm run errors` writes
 * both to docs/reference/errors.md.
 */
export type UploadErrorCode =
  /**
   * No response arrived: the connection was refused, reset, closed or timed out, or OSS timed out while it
   * waited for the body.
   *
   * Retried. When exhausted: check the endpoint, DNS and proxies.
   */
  | 'network'
  /**
   * A part made no progress, was too slow, or got no response in time (`stall` options).
   *
   * Sent again on a new connection. When exhausted: send fewer parts at once, or check the link.
   */
  | 'stalled'
  /**
   * OSS or the coordinator limits the rate of requests (429, 503). Its `Retry-After` is obeyed.
   *
   * Retried. When exhausted: send fewer parts at once, or request a higher quota.
   */
  | 'throttled'
  /**
   * OSS failed (5xx), or the service around the coordinator did.
   *
   * Retried. When exhausted: send `requestId` to OSS support, or see `cause` in the coordinator's log.
   */
  | 'server_error'
  /**
   * A presigned URL was used after it expired.
   *
   * The part is sent again with a new URL. When exhausted: compare the clocks of the signer and of OSS.
   */
  | 'url_expired'
  /**
   * The STS token of a signature has expired, or the credentials function failed (see `cause`).
   *
   * Retried with new credentials. When exhausted: the credentials function returns expired ones.
   */
  | 'credentials_expired'
  /**
   * The signer's clock differs from that of OSS by more than 15 minutes.
   *
   * The request is repeated with OSS's time. Synchronize the clock (NTP).
   */
  | 'clock_skewed'
  /**
   * OSS computed another signature than the request has.
   *
   * Send exactly the URL and headers that were signed; check the secret and the region.
   */
  | 'signature_mismatch'
  /**
   * The signer has no permission, or the account is disabled.
   *
   * Check the RAM policy and the bucket policy.
   */
  | 'access_denied'
  /**
   * OSS does not know the upload: it was aborted, or a lifecycle rule removed it, and restarts did not help.
   * Or no checkpoint has this ID.
   *
   * Find out which process or rule aborts uploads of this key, and start the upload again.
   */
  | 'upload_not_found'
  /**
   * Another process, tab or upload works on the same file and key.
   *
   * Wait until it has finished, or stop it.
   */
  | 'upload_locked'
  /**
   * The checkpoint store cannot be read, written or locked.
   *
   * See `cause`: the disk may be full, or the directory not writable. Nothing is left in OSS.
   */
  | 'checkpoint_failed'
  /**
   * The object or the bucket does not exist.
   *
   * Check the bucket, the key and the region.
   */
  | 'object_not_found'
  /**
   * The key exists, and the upload has `forbidOverwrite`.
   *
   * Choose another key.
   */
  | 'object_exists'
  /**
   * OSS received or stores other bytes than were sent. `context.partNumber` names the part.
   *
   * The part is sent again. When exhausted, or when found before Complete, nothing is left in OSS: upload
   * again.
   */
  | 'checksum_mismatch'
  /**
   * OSS no longer has a part that was sent, not even after it was sent again; parts of streams are not sent
   * again.
   *
   * Nothing was completed. Upload again.
   */
  | 'part_missing'
  /**
   * The file shrank, grew or was replaced during the upload.
   *
   * Upload again when the file no longer changes.
   */
  | 'source_changed'
  /**
   * The file cannot be opened or read, the stream failed, or a part of it could not be stored temporarily.
   *
   * See `cause`.
   */
  | 'source_unreadable'
  /**
   * The upload token is forged, expired, revoked, another user's, of a finished upload, or encrypted with a
   * key that the coordinator does not have.
   *
   * Start the upload again.
   */
  | 'token_refused'
  /**
   * The coordinator could not identify the caller: `identify` returned nothing. Or the client's `headers`
   * function failed (see `cause`).
   *
   * Sign in again and start the same upload: it resumes with the parts that OSS has.
   */
  | 'unauthenticated'
  /**
   * A request to the coordinator does not follow docs/reference/protocol.md (route, method, type, size or
   * JSON). Or another server responds in its place, or redirects.
   *
   * See the message. The client and the coordinator may have different versions.
   */
  | 'bad_request'
  /**
   * The object is stored, but your server did not accept OSS's callback (203).
   *
   * `hint` states whether the object is proven. Check the callback (docs/guides/callbacks.md); do not upload
   * again.
   */
  | 'callback_failed'
  /**
   * The object is stored, but OSS returned no CRC64 of it. All its parts were proven.
   *
   * Compare the object yourself, or look for a proxy that removes headers; do not upload again.
   */
  | 'unproven'
  /**
   * A response with a 2xx status was truncated, or is not what OSS or the coordinator sends.
   *
   * Retried. When exhausted: look for a proxy that changes responses.
   */
  | 'malformed_response'
  /**
   * OSS or the coordinator rejects the request as it is.
   *
   * See `ossCode` and `hint`: the request has to change.
   */
  | 'refused'
  /**
   * The caller aborted the upload.
   *
   * Nothing is left in OSS.
   */
  | 'aborted'
  /**
   * A defect in Partway, or in a port that you supplied.
   *
   * Report it with its stack.
   */
  | 'internal';
