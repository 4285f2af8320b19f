/** Why OSS refused a signature. */
export type SignatureCause =
  /** A signed header did not arrive. */
  | 'missing-header'
  /** A header arrived that has to be signed and was not: usually a Content-Type. */
  | 'added-header'
  /** A signed header arrived with another value. */
  | 'changed-header'
  /** The request was signed for another HTTP method. */
  | 'method'
  /** A parameter or the path was changed after signing, or no signer can have written the URL. */
  | 'changed-url'
  /** A `+` was read as a space, or a space as a `+`. */
  | 'plus-sign'
  /** The URL has expired. */
  | 'expired'
  /** The clock of the signer differs from that of OSS. */
  | 'clock'
  /** The request was signed for another region or product. */
  | 'region'
  /** The host is of another bucket or region, or does not serve the bucket. */
  | 'host'
  /** OSS does not know the access key. */
  | 'access-key'
  /** The security token of temporary credentials is missing, expired or of another key. */
  | 'security-token'
  /** Both sides signed the same request, with different secrets. */
  | 'secret'
  /** The CORS rules of the bucket do not allow the request. */
  | 'cors'
  /** There is no response, or none that a page may see. */
  | 'no-response'
  /** The signature is valid, but the signer has no permission. */
  | 'permission'
  /** It is not about the signature, or the response does not show the cause. */
  | 'other';

/** Why OSS refused a signature. Contains no signature, no token and no secret. */
export interface SignatureExplanation {
  /** The kind of cause. */
  readonly cause: SignatureCause;
  /** The cause, in a sentence. */
  readonly detail: string;
  /** The remedy, in a sentence. */
  readonly remedy: string;
}

/** A request as it was signed: the result of `presign`. */
export interface OriginalRequest {
  /** The HTTP method. */
  readonly method: string;
  /** The signed URL. */
  readonly url: string;
  /** The headers to send. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export function explainChangedUrl(change: string): SignatureExplanation {
  return {
    cause: 'changed-url',
    detail: `The URL differs from the signed one: ${change}.`,
    remedy: 'Send the URL unchanged; add all parameters before you sign it.',
  };
}

export function explainPlusSign(place: string): SignatureExplanation {
  return {
    cause: 'plus-sign',
    detail: `A space and a plus were confused in ${place}.`,
    remedy: 'Write %20 for a space and %2B for a plus in the URL, and do not decode it before it is sent.',
  };
}

/**
 * Returns names of headers, parameters and buckets, which are short. `undefined` for longer texts, which may
 * be a secret in the wrong place.
 */
export function displayableName(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.~-]{1,40}$/.test(text) ? text : undefined;
}
