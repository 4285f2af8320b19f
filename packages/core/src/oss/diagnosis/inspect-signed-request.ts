import { systemClock } from '../../system.ts';
import { type Instant, toMilliseconds } from '../instant.ts';
import { bucketOfHost, readSignedUrl, regionOfHost, type SignedUrl } from '../signing/signed-url.ts';
import {
  explainChangedUrl,
  explainPlusSign,
  type OriginalRequest,
  type SignatureExplanation,
} from './signature-explanation.ts';

/** How to inspect a presigned request. */
export interface InspectOptions {
  /** The time to compare with. Default: the system time. */
  readonly now?: Instant | undefined;
}

/** The parameters of a presigned request. `undefined`: the request does not have them. */
export interface InspectedRequest {
  /** The ID of the access key that signed it. */
  readonly accessKeyId: string | undefined;
  /** The region it was signed for. */
  readonly region: string | undefined;
  /** When it was signed, in milliseconds since the epoch. */
  readonly signedAt: number | undefined;
  /** When it expires, in milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
  /** The signed headers besides Content-Type, Content-MD5 and x-oss-*: they must be sent. */
  readonly additionalHeaders: readonly string[];
  /** The problems that are visible without the secret, the most severe first. */
  readonly problems: readonly SignatureExplanation[];
}

/** Inspects a presigned request without sending it. Only OSS can verify the signature itself. */
export function inspectSignedRequest(
  request: OriginalRequest,
  options: InspectOptions = {},
): InspectedRequest {
  const url = readSignedUrl(request.url);
  const { accessKeyId, region, signedAt, expiresAt, additionalHeaders } = url;
  const headers = new Set(Object.keys(request.headers ?? {}).map((name) => name.toLowerCase()));
  const now = toMilliseconds(options.now ?? systemClock.now());
  const problems =
    headers.has('authorization') && !url.isSigned
      ? findHostProblems(url)
      : [
          ...findUrlProblems(url),
          ...findHeaderProblems(url, headers),
          ...findTimeProblems(url, now),
          ...findHostProblems(url),
        ];
  return { accessKeyId, region, signedAt, expiresAt, additionalHeaders, problems };
}

function findUrlProblems({ query, isSigned, defects, hasPlus }: SignedUrl): readonly SignatureExplanation[] {
  const names = new Set(query.map(([name]) => name));
  if (!isSigned && names.has('Signature')) {
    return [
      {
        cause: 'other',
        detail: 'The URL was signed with version 1 of the algorithm, which new regions do not support.',
        remedy: 'Sign it with version 4.',
      },
    ];
  }
  if (!isSigned) return [explainChangedUrl('it has no x-oss-signature')];
  return [...defects.map(explainChangedUrl), ...(hasPlus ? [explainPlusSign('the query')] : [])];
}

function findHeaderProblems(
  { additionalHeaders, accessKeyId = '', hasSecurityToken }: SignedUrl,
  headers: ReadonlySet<string>,
): readonly SignatureExplanation[] {
  const absent = additionalHeaders.filter((name) => !headers.has(name));
  return [
    ...(absent.length === 0
      ? []
      : [
          {
            cause: 'missing-header' as const,
            detail: `The URL was signed with ${absent.join(', ')}, which is missing.`,
            remedy: 'Send exactly the headers that `presign` returned with the URL.',
          },
        ]),
    ...(headers.has('authorization')
      ? [
          {
            cause: 'added-header' as const,
            detail: 'The request has an Authorization header in addition to the signature in its URL.',
            remedy: 'Do not send the header.',
          },
        ]
      : []),
    ...(headers.has('x-oss-security-token') || (accessKeyId.startsWith('STS.') && !hasSecurityToken)
      ? [
          {
            cause: 'security-token' as const,
            detail:
              'The security token of the temporary credentials is not in the URL, where OSS requires it.',
            remedy: 'Sign with all credentials from STS, and send no x-oss-security-token header.',
          },
        ]
      : []),
  ];
}

/** OSS accepts a URL this long before its date. */
const EARLY_MAX_MS = 15 * 60_000;

function findTimeProblems({ signedAt, expiresAt }: SignedUrl, now: number): readonly SignatureExplanation[] {
  if (expiresAt !== undefined && now > expiresAt) {
    return [
      {
        cause: 'expired',
        detail: `The URL expired ${Math.round((now - expiresAt) / 1000)} s ago, by the local clock.`,
        remedy:
          'Sign a new URL directly before its use, or for a longer time; check the clock of the signer.',
      },
    ];
  }
  if (signedAt === undefined || signedAt - now <= EARLY_MAX_MS) return [];
  return [
    {
      cause: 'clock',
      detail: `The URL was signed ${Math.round((signedAt - now) / 1000)} s ahead of the local clock.`,
      remedy: 'Synchronize the clock of the signing machine (NTP), and the local one.',
    },
  ];
}

function findHostProblems({ host, region }: SignedUrl): readonly SignatureExplanation[] {
  const hosts = regionOfHost(host);
  if (hosts !== undefined && region !== undefined && hosts !== region) {
    return [
      {
        cause: 'region',
        detail: `The URL was signed for ${region} and its host is in ${hosts}.`,
        remedy: "Sign with the bucket's region, without the prefix oss-, and use a host of that region.",
      },
    ];
  }
  if (hosts === undefined || bucketOfHost(host) !== undefined) return [];
  return [
    {
      cause: 'host',
      detail: 'The host does not contain a bucket, and OSS does not serve buckets by path.',
      remedy: 'Sign for the virtual host of the bucket.',
    },
  ];
}
