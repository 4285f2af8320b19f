import { UploadError } from '../errors.ts';
import type { BucketAdmin } from '../oss/bucket-admin.ts';
import type { Fetch } from '../oss/signed-fetch.ts';
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
    const lacks = lacksOf(grant);
    if (lacks === undefined)
      return ok('cors', `Pages of ${options.origin} may send parts, and read the answers.`);
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
  readonly maySendHeaders: boolean;
  readonly exposed: readonly string[];
}

async function grantOf(options: CorsOptions): Promise<Grant> {
  // The answer to the PUT itself is granted by the first rule that fits without regard to headers.
  const bare = await preflight(options, []);
  const full = bare === undefined ? undefined : await preflight(options, SENT);
  const exposed = bare?.get('access-control-expose-headers') ?? '';
  return {
    mayPut: bare !== undefined,
    maySendHeaders: full !== undefined,
    exposed: exposed
      .split(',')
      .map((name) => name.trim())
      .filter((name) => /^[\w-]{1,100}$/.test(name)),
  };
}

/** The headers of the answer; `undefined` where the browser would not go on. */
async function preflight(
  { fetch, url, origin, signal }: CorsOptions,
  names: readonly string[],
): Promise<Headers | undefined> {
  const asked = names.length === 0 ? {} : { 'access-control-request-headers': names.join(', ') };
  const headers = { origin, 'access-control-request-method': 'PUT', ...asked };
  const response = await fetch(url, { method: 'OPTIONS', headers, redirect: 'manual', signal }).catch(() => {
    signal.throwIfAborted();
    const message = 'the preflight got no answer from OSS';
    throw new UploadError({ code: 'network', message, disposition: 'transient' });
  });
  await response.arrayBuffer();
  const allowed = response.headers.get('access-control-allow-origin');
  return response.ok && (allowed === '*' || allowed === origin) ? response.headers : undefined;
}

function lacksOf({ mayPut, maySendHeaders, exposed }: Grant): string | undefined {
  if (!mayPut) return 'may not PUT';
  if (!maySendHeaders) return `may not send ${SENT.join(', ')}`;
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
  const lacks = lacksOf(await grantOf(options));
  if (lacks === undefined) {
    return ok(
      'cors',
      `A rule was added before the others: pages of ${origin} may send parts, and read the answers.`,
    );
  }
  const detail = `A rule was added, but OSS does not go by it yet: pages of ${origin} ${lacks}.`;
  return warning('cors', detail, 'Examine the bucket again in some minutes.');
}
