/** Why a signature is refused. */
export type SignatureCause =
  /** A header that was signed did not arrive. */
  | 'missing-header'
  /** A header arrived that OSS signs and the signer did not: a Content-Type, above all. */
  | 'added-header'
  | 'changed-header'
  | 'method'
  /** A parameter or the path is not what was signed, or no signer can have written the URL. */
  | 'changed-url'
  /** A `+` was taken for a space, or a space for a `+`. */
  | 'plus-sign'
  | 'expired'
  | 'clock'
  | 'region'
  /** The host is that of another bucket or region, or none that OSS serves the bucket at. */
  | 'host'
  | 'access-key'
  | 'security-token'
  /** Both sides signed the same request, with different keys. */
  | 'secret'
  | 'cors'
  /** There is no answer, or none that a page may see. */
  | 'no-answer'
  /** The signature is right, but the signer lacks the right. */
  | 'rights'
  /** It is not about the signature, or cannot be told. */
  | 'other';

/** Why OSS refused a signature. Holds no signature, no token and no secret. */
export interface SignatureExplanation {
  readonly cause: SignatureCause;
  /** What happened, in a sentence. */
  readonly detail: string;
  /** What to do, in a sentence. */
  readonly remedy: string;
}

/** A request as it was signed: what `presign` gave. */
export interface MeantRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export function changedUrl(how: string): SignatureExplanation {
  return {
    cause: 'changed-url',
    detail: `The URL is not as it was signed: ${how}.`,
    remedy: 'Send the URL as it was signed; what it shall carry must be in it when it is signed.',
  };
}

export function plusSign(where: string): SignatureExplanation {
  return {
    cause: 'plus-sign',
    detail: `In ${where} a space and a plus were mistaken for one another.`,
    remedy: 'In the URL write %20 for a space and %2B for a plus, and let nothing decode it on its way.',
  };
}

/**
 * Names of headers, parameters and buckets are short; what is longer may be a secret in a wrong place.
 * `undefined` for that.
 */
export function shownName(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.~-]{1,40}$/.test(text) ? text : undefined;
}
