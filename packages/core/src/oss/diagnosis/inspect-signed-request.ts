import { systemClock } from '../../system.ts';
import { type Instant, millisecondsOf } from '../instant.ts';
import { bucketOfHost, readSignedUrl, regionOfHost, type SignedUrl } from '../signing/signed-url.ts';
import {
  changedUrl,
  type MeantRequest,
  plusSign,
  type SignatureExplanation,
} from './signature-explanation.ts';

export interface InspectOptions {
  /** Default: the time of the system. */
  readonly now?: Instant | undefined;
}

/** What a presigned request says of itself. `undefined` where it does not say. */
export interface InspectedRequest {
  readonly accessKeyId: string | undefined;
  readonly region: string | undefined;
  readonly signedAt: number | undefined;
  readonly expiresAt: number | undefined;
  /** Headers that were signed, besides Content-Type, Content-MD5 and x-oss-*: they must be sent. */
  readonly additionalHeaders: readonly string[];
  /** What is wrong to the naked eye, the worst first. Empty where nothing is. */
  readonly problems: readonly SignatureExplanation[];
}

/** Reads a presigned request and sends nothing. Whether its signature is right OSS alone can tell. */
export function inspectSignedRequest(request: MeantRequest, options: InspectOptions = {}): InspectedRequest {
  const url = readSignedUrl(request.url);
  const { accessKeyId, region, signedAt, expiresAt, additionalHeaders } = url;
  const headers = new Set(Object.keys(request.headers ?? {}).map((name) => name.toLowerCase()));
  const now = millisecondsOf(options.now ?? systemClock.now());
  const problems =
    headers.has('authorization') && !url.isSigned
      ? placeProblems(url)
      : [
          ...formProblems(url),
          ...headerProblems(url, headers),
          ...timeProblems(url, now),
          ...placeProblems(url),
        ];
  return { accessKeyId, region, signedAt, expiresAt, additionalHeaders, problems };
}

function formProblems({ query, isSigned, flaws, hasPlus }: SignedUrl): readonly SignatureExplanation[] {
  const names = new Set(query.map(([name]) => name));
  if (!isSigned && names.has('Signature')) {
    return [
      {
        cause: 'other',
        detail: 'The URL was signed by version 1 of the algorithm, which new regions do not know.',
        remedy: 'Sign it with version 4.',
      },
    ];
  }
  if (!isSigned) return [changedUrl('it has no x-oss-signature')];
  return [...flaws.map(changedUrl), ...(hasPlus ? [plusSign('the query')] : [])];
}

function headerProblems(
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
            detail: `The URL was signed with ${absent.join(', ')}, which is not given.`,
            remedy: 'Send exactly the headers that came with the URL.',
          },
        ]),
    ...(headers.has('authorization')
      ? [
          {
            cause: 'added-header' as const,
            detail: 'The request carries an Authorization header besides the signature in its URL.',
            remedy: 'Do not send the header.',
          },
        ]
      : []),
    ...(headers.has('x-oss-security-token') || (accessKeyId.startsWith('STS.') && !hasSecurityToken)
      ? [
          {
            cause: 'security-token' as const,
            detail:
              'The security token of the temporary credentials is not in the URL, where alone it counts.',
            remedy: 'Sign with the whole set from STS, and send no x-oss-security-token header.',
          },
        ]
      : []),
  ];
}

/** A URL may be used so long before its date. */
const EARLY_MAX_MS = 15 * 60_000;

function timeProblems({ signedAt, expiresAt }: SignedUrl, now: number): readonly SignatureExplanation[] {
  if (expiresAt !== undefined && now > expiresAt) {
    return [
      {
        cause: 'expired',
        detail: `The URL expired ${Math.round((now - expiresAt) / 1000)} s ago, by this clock.`,
        remedy: 'Sign a new one just before it is used, or for longer; check the clock of the signer.',
      },
    ];
  }
  if (signedAt === undefined || signedAt - now <= EARLY_MAX_MS) return [];
  return [
    {
      cause: 'clock',
      detail: `The URL was signed ${Math.round((signedAt - now) / 1000)} s from now, by this clock.`,
      remedy: 'Set the clock of the signing machine by NTP, and this one.',
    },
  ];
}

function placeProblems({ host, region }: SignedUrl): readonly SignatureExplanation[] {
  const hosts = regionOfHost(host);
  if (hosts !== undefined && region !== undefined && hosts !== region) {
    return [
      {
        cause: 'region',
        detail: `The URL was signed for ${region}, and goes to a host of ${hosts}.`,
        remedy: "Sign with the bucket's region, without the prefix oss-, and send it there.",
      },
    ];
  }
  if (hosts === undefined || bucketOfHost(host) !== undefined) return [];
  return [
    {
      cause: 'host',
      detail: 'The host names no bucket, and OSS serves none by its path.',
      remedy: 'Sign for the virtual host of the bucket.',
    },
  ];
}
