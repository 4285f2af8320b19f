import { explainChangedUrl, type SignatureExplanation } from './signature-explanation.ts';

/** The fields of an error of OSS, without its message. `undefined`: the error does not have them. */
export interface SignatureRefusal {
  readonly code: string;
  readonly ec: string;
  readonly expiresAt: number | undefined;
  readonly serverTime: number | undefined;
  readonly requestTime: number | undefined;
  readonly endpoint: string | undefined;
}

/** Explains a refusal that is not about the value of the signature. `undefined` for an unknown one. */
export function explainRefusal(refusal: SignatureRefusal): SignatureExplanation | undefined {
  return REFUSALS.find(({ when }) => when(refusal))?.explain(refusal);
}

interface Row {
  readonly when: (refusal: SignatureRefusal) => boolean;
  readonly explain: (refusal: SignatureRefusal) => SignatureExplanation;
}

const byCode =
  (...codes: readonly string[]) =>
  ({ code }: SignatureRefusal): boolean =>
    codes.includes(code);
const byEc =
  (...ends: readonly string[]) =>
  ({ ec }: SignatureRefusal): boolean =>
    ends.some((end) => ec === `0002-00000${end}`);
const always = (explanation: SignatureExplanation) => (): SignatureExplanation => explanation;

/** The first match wins. */
const REFUSALS: readonly Row[] = [
  { when: byEc('236', '069', '418'), explain: explainExpired },
  {
    when: ({ code, expiresAt }) => code === 'AccessDenied' && expiresAt !== undefined,
    explain: explainExpired,
  },
  { when: byEc('235', '504'), explain: explainClockSkew },
  { when: byCode('RequestTimeTooSkewed'), explain: explainClockSkew },
  {
    when: byEc('226'),
    explain: always({
      cause: 'region',
      detail: 'The URL was signed for another region than the bucket has.',
      remedy: "Sign with the bucket's region, such as cn-hangzhou, without the prefix oss-.",
    }),
  },
  {
    when: byEc('227'),
    explain: always({
      cause: 'region',
      detail: 'The URL was signed for another product than this endpoint serves.',
      remedy: 'Sign for the product oss, or for oss-cloudbox with the ID of the box as region.',
    }),
  },
  {
    when: byEc('003', '005', '008', '010'),
    explain: always({
      cause: 'security-token',
      detail: 'The security token of temporary credentials is missing, invalid, or in the wrong place.',
      remedy:
        'Sign with all credentials from STS; a presigned URL has the token as a parameter, not as a header.',
    }),
  },
  {
    when: byCode(
      'SecurityTokenExpired',
      'InvalidSecurityToken',
      'AccessKeyIdAndSecurityTokenNotMatch',
      'SecurityTokenNotSupported',
    ),
    explain: always({
      cause: 'security-token',
      detail: 'The security token of the URL has expired, or belongs to another key.',
      remedy: 'Sign again with new credentials from STS: a URL expires with its token at the latest.',
    }),
  },
  {
    when: byCode('InvalidAccessKeyId'),
    explain: always({
      cause: 'access-key',
      detail: 'OSS does not know the access key ID of the URL.',
      remedy:
        'Check that the key exists and is enabled, and that STS credentials were used with their token.',
    }),
  },
  {
    when: byEc('078', '211'),
    explain: always({
      cause: 'missing-header',
      detail: 'The request did not have a header that was signed as an additional one.',
      remedy: 'Send exactly the headers that `presign` returned with the URL; a proxy may have removed one.',
    }),
  },
  {
    when: ({ endpoint }) => endpoint !== undefined,
    explain: ({ endpoint }) => ({
      cause: 'host',
      detail: `The URL has the wrong host: the bucket is served at ${endpoint}.`,
      remedy: "Sign with the bucket's region and endpoint.",
    }),
  },
  {
    when: byCode('SecondLevelDomainForbidden', 'NonStandardHostForbidden'),
    explain: always({
      cause: 'host',
      detail: 'The bucket is in the path of the URL, and OSS requires it in the host.',
      remedy: 'Sign for the virtual host of the bucket, or for its own domain.',
    }),
  },
  {
    when: byCode('NoSuchBucket'),
    explain: always({
      cause: 'host',
      detail: 'The bucket of the URL does not exist.',
      remedy: 'Check the bucket, the region and the endpoint.',
    }),
  },
  {
    when: byCode('AccessForbidden'),
    explain: always({
      cause: 'cors',
      detail: "The bucket's CORS rules do not allow this origin, this method or one of these headers.",
      remedy:
        'Add a CORS rule for the origin of the page, for example with `partway doctor --origin … --fix`.',
    }),
  },
  {
    when: ({ ec }) => ec === '0003-00000905',
    explain: always(explainChangedUrl('no signature arrived with the request')),
  },
  {
    when: ({ code, ec }) => code === 'InvalidArgument' && ec.startsWith('0002-'),
    explain: always(explainChangedUrl('a parameter of the signature is missing or malformed')),
  },
  {
    when: byCode('AccessDenied'),
    explain: always({
      cause: 'permission',
      detail: 'The signature is valid, but the signer has no permission.',
      remedy: 'Check the RAM policy and the bucket policy: a URL has the current permissions of its signer.',
    }),
  },
];

function explainExpired({ expiresAt, serverTime }: SignatureRefusal): SignatureExplanation {
  const delay =
    expiresAt === undefined || serverTime === undefined
      ? ''
      : ` ${seconds(serverTime - expiresAt)} before it arrived`;
  return {
    cause: 'expired',
    detail: `The URL expired${delay}, by the clock of OSS.`,
    remedy: 'Sign a new URL directly before its use, or for a longer time; check the clock of the signer.',
  };
}

function explainClockSkew({ requestTime, serverTime }: SignatureRefusal): SignatureExplanation {
  const difference =
    requestTime === undefined || serverTime === undefined
      ? 'more than 15 minutes off'
      : `${seconds(Math.abs(requestTime - serverTime))} ${requestTime > serverTime ? 'ahead' : 'behind'}`;
  return {
    cause: 'clock',
    detail: `The clock of the signer is ${difference}.`,
    remedy: 'Synchronize the clock of the signing machine (NTP).',
  };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
