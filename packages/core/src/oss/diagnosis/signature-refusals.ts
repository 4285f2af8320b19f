import { changedUrl, type SignatureExplanation } from './signature-explanation.ts';

/** What an error of OSS says, besides its message. `undefined` where it does not say. */
export interface Refusal {
  readonly code: string;
  readonly ec: string;
  readonly expiresAt: number | undefined;
  readonly serverTime: number | undefined;
  readonly requestTime: number | undefined;
  readonly endpoint: string | undefined;
}

/** What a refusal means that is not about the signature's value. `undefined` for one that tells nothing. */
export function explainRefusal(refusal: Refusal): SignatureExplanation | undefined {
  return ROWS.find(({ when }) => when(refusal))?.explain(refusal);
}

interface Row {
  readonly when: (refusal: Refusal) => boolean;
  readonly explain: (refusal: Refusal) => SignatureExplanation;
}

const byCode =
  (...codes: readonly string[]) =>
  ({ code }: Refusal): boolean =>
    codes.includes(code);
const byEc =
  (...ends: readonly string[]) =>
  ({ ec }: Refusal): boolean =>
    ends.some((end) => ec === `0002-00000${end}`);
const always = (explanation: SignatureExplanation) => (): SignatureExplanation => explanation;

/** First match wins. */
const ROWS: readonly Row[] = [
  { when: byEc('236', '069', '418'), explain: expired },
  { when: ({ code, expiresAt }) => code === 'AccessDenied' && expiresAt !== undefined, explain: expired },
  { when: byEc('235', '504'), explain: clockSkewed },
  { when: byCode('RequestTimeTooSkewed'), explain: clockSkewed },
  {
    when: byEc('226'),
    explain: always({
      cause: 'region',
      detail: 'The URL was signed for another region than that of the bucket.',
      remedy: "Sign with the bucket's region, such as cn-hangzhou, without the prefix oss-.",
    }),
  },
  {
    when: byEc('227'),
    explain: always({
      cause: 'region',
      detail: 'The URL was signed for another product than this endpoint serves.',
      remedy: 'Sign for the product oss, or oss-cloudbox with the id of the box as region.',
    }),
  },
  {
    when: byEc('003', '005', '008', '010'),
    explain: always({
      cause: 'security-token',
      detail: 'The security token of temporary credentials is missing, wrong, or not where it belongs.',
      remedy: 'Sign with the whole set from STS; in a presigned URL the token is a parameter, and no header.',
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
      detail: 'The security token that the URL was signed with is dead, or belongs to another key.',
      remedy:
        'Sign again with fresh credentials from STS: a URL dies with its token, however long it was to live.',
    }),
  },
  {
    when: byCode('InvalidAccessKeyId'),
    explain: always({
      cause: 'access-key',
      detail: 'OSS does not know the access key id that the URL was signed with.',
      remedy: 'Check that the key exists, is enabled, and that STS credentials were used with their token.',
    }),
  },
  {
    when: byEc('078', '211'),
    explain: always({
      cause: 'missing-header',
      detail: 'The request did not carry a header that was signed as an additional one.',
      remedy: 'Send exactly the headers that came with the URL; a proxy may have removed one.',
    }),
  },
  {
    when: ({ endpoint }) => endpoint !== undefined,
    explain: ({ endpoint }) => ({
      cause: 'host',
      detail: `The URL names another host than the bucket is served at, which is ${endpoint}.`,
      remedy: "Sign with the bucket's region and endpoint.",
    }),
  },
  {
    when: byCode('SecondLevelDomainForbidden', 'NonStandardHostForbidden'),
    explain: always({
      cause: 'host',
      detail: 'The bucket is in the path of the URL, and OSS wants it in the host.',
      remedy: 'Sign for the virtual host of the bucket, or for its own domain.',
    }),
  },
  {
    when: byCode('NoSuchBucket'),
    explain: always({
      cause: 'host',
      detail: 'There is no bucket of the name that the URL begins with.',
      remedy: 'Check bucket, region and endpoint.',
    }),
  },
  {
    when: byCode('AccessForbidden'),
    explain: always({
      cause: 'cors',
      detail: "The bucket's CORS rules do not allow this origin, this method or one of these headers.",
      remedy: 'Add a CORS rule for the origin of the page: `partway doctor --origin … --fix` does.',
    }),
  },
  {
    when: ({ ec }) => ec === '0003-00000905',
    explain: always(changedUrl('no signature arrived with the request')),
  },
  {
    when: ({ code, ec }) => code === 'InvalidArgument' && ec.startsWith('0002-'),
    explain: always(changedUrl('a parameter of the signature is missing or malformed')),
  },
  {
    when: byCode('AccessDenied'),
    explain: always({
      cause: 'rights',
      detail: 'The signature is right, but its signer may not do this.',
      remedy: "Check the signer's RAM policy and the bucket policy: a URL has the rights its signer has now.",
    }),
  },
];

function expired({ expiresAt, serverTime }: Refusal): SignatureExplanation {
  const late =
    expiresAt === undefined || serverTime === undefined
      ? ''
      : ` ${seconds(serverTime - expiresAt)} before it was sent`;
  return {
    cause: 'expired',
    detail: `The URL expired${late}, by the clock of OSS.`,
    remedy: 'Sign a new one just before it is used, or for longer; check the clock of the signer.',
  };
}

function clockSkewed({ requestTime, serverTime }: Refusal): SignatureExplanation {
  const off =
    requestTime === undefined || serverTime === undefined
      ? 'more than 15 minutes off'
      : `${seconds(Math.abs(requestTime - serverTime))} ${requestTime > serverTime ? 'ahead' : 'behind'}`;
  return {
    cause: 'clock',
    detail: `The clock of the signer is ${off}.`,
    remedy: 'Set the clock of the signing machine by NTP.',
  };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
