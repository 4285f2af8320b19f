import { assertKey } from '../key.ts';
import { prepareRequest, type SignRequest } from './sign-request.ts';
import { ALGORITHM, canonicalQuery, createSigner, PAYLOAD, signedHeaders } from './signature-v4.ts';

/** A request that its headers sign. */
export interface SignedRequest {
  /** The HTTP method. */
  readonly method: string;
  /** Where to send it. */
  readonly url: string;
  /** All headers to send, names in lower case: those of the request, and those of the signature. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Signs a request by its headers. The signature is valid for 15 minutes.
 *
 * @throws TypeError that names the option.
 */
export function signHeaders(request: SignRequest): SignedRequest {
  if (request.key !== '') assertKey(request.key);
  const { fields, signing, url, credentials, headers: requestHeaders } = prepareRequest(request);
  const { date, scope, sign } = createSigner(signing);
  const sent = {
    'x-oss-date': date,
    'x-oss-content-sha256': PAYLOAD,
    ...(credentials.securityToken !== undefined && { 'x-oss-security-token': credentials.securityToken }),
    ...requestHeaders,
  };
  const headers = signedHeaders(sent, request.additionalHeaders ?? []);
  const query = canonicalQuery(request.query ?? {});
  const { signature } = sign({ query, ...fields, headers });
  const additional = headers.additional === '' ? '' : `AdditionalHeaders=${headers.additional},`;
  const credential = `Credential=${credentials.accessKeyId}/${scope}`;
  return {
    method: fields.method,
    url: query === '' ? url : `${url}?${query}`,
    headers: {
      authorization: `${ALGORITHM} ${credential},${additional}Signature=${signature}`,
      ...sent,
    },
  };
}
