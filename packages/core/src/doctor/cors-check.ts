import type { BucketAdmin } from '../oss/bucket/bucket-admin.ts';
import type { Fetch } from '../oss/signed-fetch.ts';
import { askUnsigned } from './ask-unsigned.ts';
import { type Check, failed, failedBy, ok, warning } from './check.ts';

export interface CorsOptions {
  readonly admin: BucketAdmin;
  readonly fetch: Fetch;
  /** Of an object, without a query. */
  readonly url: string;
  /** The page's: `https://app.example.com`. */
  readonly origin: string;
  readonly fix: boolean;
  readonly signal: AbortSignal;
}

/** Asks OSS what a browser would ask before a page of `origin` sends a part. That needs no right at all. */
export async function checkCors(options: CorsOptions): Promise<Check> {
  try {
    const grant = await grantOf(options);
    const lacks = missingCorsGrants(grant);
    if (lacks === undefined) return ok('cors', `Pages of ${options.origin} may send parts and read answers.`);
    if (!options.fix) {
      const all = EXPOSED.join(', ');
      const remedy = `Let \`fix\` add a rule that allows PUT and all headers, and exposes ${all}.`;
      return failed('cors', `Pages of ${options.origin} ${lacks}.`, remedy);
    }
    return await addRule(options, grant.exposed);
  } catch (reason) {
    return failedBy('cors', reason, 'oss:PutBucketCors and oss:GetBucketCors');
  }
}

/** What a page must read of the answer to a part: the engine needs the last one, people the others. */
const EXPOSED: readonly string[] = ['ETag', 'x-oss-request-id', 'x-oss-hash-crc64ecma'];
/** What a page may send with a part, or with a small file. */
const SENT: readonly string[] = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-type',
  'x-oss-forbid-overwrite',
  'x-oss-meta-partway-upload',
  'x-oss-storage-class',
];

/** What OSS grants the pages of one origin. */
interface Grant {
  readonly mayPut: boolean;
  readonly refusedHeaders: readonly string[];
  readonly exposed: readonly string[];
}

async function grantOf(options: CorsOptions): Promise<Grant> {
  // The answer to the PUT itself is granted by the first rule that fits without regard to headers.
  const granted = await preflight(options, []);
  if (granted === undefined) return { mayPut: false, refusedHeaders: SENT, exposed: [] };
  const names = (granted['access-control-expose-headers'] ?? '').split(',').map((name) => name.trim());
  return {
    mayPut: true,
    refusedHeaders: await refusedHeaders(options),
    exposed: names.filter((name) => /^[\w-]{1,100}$/.test(name)),
  };
}

/** One rule must allow all of them: where each is allowed by another, none is sent. */
async function refusedHeaders(options: CorsOptions): Promise<readonly string[]> {
  if ((await preflight(options, SENT)) !== undefined) return [];
  const refused: string[] = [];
  for (const name of SENT) if ((await preflight(options, [name])) === undefined) refused.push(name);
  return refused.length === 0 ? SENT : refused;
}

/** The headers of the answer; `undefined` where the browser would not go on. */
async function preflight(
  { admin, fetch, url, origin, signal }: CorsOptions,
  names: readonly string[],
): Promise<Readonly<Record<string, string | undefined>> | undefined> {
  const asked = names.length === 0 ? {} : { 'access-control-request-headers': names.join(', ') };
  const headers = { origin, 'access-control-request-method': 'PUT', ...asked };
  const context = { operation: 'OptionObject', bucket: admin.bucket };
  const request = { method: 'OPTIONS', headers, signal };
  const answer = await askUnsigned(fetch, url, request, 'the preflight', context);
  const answered: Readonly<Record<string, string | undefined>> = answer.headers;
  const allowed = answered['access-control-allow-origin'];
  return answer.status === 200 && (allowed === '*' || allowed === origin) ? answered : undefined;
}

function missingCorsGrants({ mayPut, refusedHeaders: refused, exposed }: Grant): string | undefined {
  if (!mayPut) return 'may not PUT';
  if (refused.length > 0) return `may not send ${refused.join(', ')}`;
  const readable = new Set(exposed.map((name) => name.toLowerCase()));
  const hidden = EXPOSED.filter((name) => !readable.has(name.toLowerCase()));
  return hidden.length === 0 ? undefined : `may not read ${hidden.join(', ')}`;
}

/** What the pages could read so far they can read still: the new rule stands before the one that told so. */
async function addRule(options: CorsOptions, exposed: readonly string[]): Promise<Check> {
  const { admin, origin, signal } = options;
  const known = new Set(EXPOSED.map((name) => name.toLowerCase()));
  const rule = {
    allowedOrigins: [origin],
    allowedMethods: ['PUT'],
    allowedHeaders: ['*'],
    exposeHeaders: [...EXPOSED, ...exposed.filter((name) => !known.has(name.toLowerCase()))],
    maxAgeSeconds: 3600,
  };
  await admin.addCorsRule(rule, { signal });
  const lacks = missingCorsGrants(await grantOf(options));
  if (lacks === undefined) {
    return ok(
      'cors',
      `A rule was added before the others: pages of ${origin} may send parts, and read the answers.`,
    );
  }
  const detail = `A rule was added, but OSS does not go by it yet: pages of ${origin} ${lacks}.`;
  return warning('cors', detail, 'Examine the bucket again in some minutes.');
}
