import { assertKey } from '../key.ts';
import { prepareRequest, type SignRequest } from './sign-request.ts';
import { ALGORITHM, canonicalQuery, createSigner, PAYLOAD, signedHeaders } from './signature-v4.ts';

export interface SignedRequest {
  readonly method: string;
  readonly url: string;
  /** All headers to be sent, names in lower case: those of the request, and those that sign it. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Signs a request by its headers, good for 15 minutes.
 *
 * @throws TypeError that names the option.
 */
export function signHeaders(request: SignRequest): SignedRequest {
  if (request.key !== '') assertKey(request.key);
  const { pieces, terms, url, credentials, given } = prepareRequest(request);
  const { date, scope, sign } = createSigner(terms);
  const signing = {
    'x-oss-date': date,
    'x-oss-content-sha256': PAYLOAD,
    ...(credentials.securityToken !== undefined && { 'x-oss-security-token': credentials.securityToken }),
    ...given,
  };
  const headers = signedHeaders(signing, request.additionalHeaders ?? []);
  const query = canonicalQuery(request.query ?? {});
  const { signature } = sign({ query, ...pieces, headers });
  const additional = headers.additional === '' ? '' : `AdditionalHeaders=${headers.additional},`;
  const credential = `Credential=${credentials.accessKeyId}/${scope}`;
  return {
    method: pieces.method,
    url: query === '' ? url : `${url}?${query}`,
    headers: {
      authorization: `${ALGORITHM} ${credential},${additional}Signature=${signature}`,
      ...signing,
    },
  };
}
