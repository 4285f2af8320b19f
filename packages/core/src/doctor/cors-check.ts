import type { BucketAdmin } from '../oss/bucket/bucket-admin.ts';
import type { Fetch } from '../oss/signed-fetch.ts';
import { type Check, failed, failedWithError, ok, warning } from './check.ts';
import { sendUnsigned } from './send-unsigned.ts';

export interface CorsCheckOptions {
  readonly admin: BucketAdmin;
  readonly fetch: Fetch;
  /** The URL of an object, without a query. */
  readonly url: string;
  /** The origin of the page: `https://app.example.com`. */
  readonly origin: string;
  readonly fix: boolean;
  readonly signal: AbortSignal;
}

/** Sends OSS the preflight of a page of `origin` that sends a part. It needs no permission. */
export async function checkCors(options: CorsCheckOptions): Promise<Check> {
  try {
    const grant = await getGrant(options);
    const missing = missingCorsGrants(grant);
    if (missing === undefined)
      return ok('cors', `Pages of ${options.origin} may send parts and read the responses.`);
    if (!options.fix) {
      const all = EXPOSED_HEADERS.join(', ');
      const remedy = `Use \`fix\` to add a rule that allows PUT and all headers, and exposes ${all}.`;
      return failed('cors', `Pages of ${options.origin} ${missing}.`, remedy);
    }
    return await addRule(options, grant.exposed);
  } catch (reason) {
    return failedWithError('cors', reason, 'oss:PutBucketCors and oss:GetBucketCors');
  }
}

/** Headers of the response to a part that a page must read: the engine needs the last, users the others. */
const EXPOSED_HEADERS: readonly string[] = ['ETag', 'x-oss-request-id', 'x-oss-hash-crc64ecma'];
/** Headers that a page may send with a part, or with a small file. */
const SENT_HEADERS: readonly string[] = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-type',
  'x-oss-forbid-overwrite',
  'x-oss-meta-partway-upload',
  'x-oss-storage-class',
];

/** The grants of OSS to the pages of one origin. */
interface Grant {
  readonly canPut: boolean;
  readonly rejectedHeaders: readonly string[];
  readonly exposed: readonly string[];
}

async function getGrant(options: CorsCheckOptions): Promise<Grant> {
  // OSS chooses the rule of the PUT's own response without regard to headers.
  const responseHeaders = await sendPreflight(options, []);
  if (responseHeaders === undefined) return { canPut: false, rejectedHeaders: SENT_HEADERS, exposed: [] };
  const names = (responseHeaders['access-control-expose-headers'] ?? '')
    .split(',')
    .map((name) => name.trim());
  return {
    canPut: true,
    rejectedHeaders: await findRejectedHeaders(options),
    exposed: names.filter((name) => /^[\w-]{1,100}$/.test(name)),
  };
}

/** One rule must allow all of them: otherwise the browser sends none. */
async function findRejectedHeaders(options: CorsCheckOptions): Promise<readonly string[]> {
  if ((await sendPreflight(options, SENT_HEADERS)) !== undefined) return [];
  const rejected: string[] = [];
  for (const name of SENT_HEADERS)
    if ((await sendPreflight(options, [name])) === undefined) rejected.push(name);
  return rejected.length === 0 ? SENT_HEADERS : rejected;
}

/** The headers of the response; `undefined` when the browser would stop. */
async function sendPreflight(
  { admin, fetch, url, origin, signal }: CorsCheckOptions,
  names: readonly string[],
): Promise<Readonly<Record<string, string | undefined>> | undefined> {
  const requestedHeaders = names.length === 0 ? {} : { 'access-control-request-headers': names.join(', ') };
  const headers = { origin, 'access-control-request-method': 'PUT', ...requestedHeaders };
  const context = { operation: 'OptionObject', bucket: admin.bucket };
  const request = { method: 'OPTIONS', headers, signal };
  const response = await sendUnsigned(fetch, url, request, 'the preflight', context);
  const responseHeaders: Readonly<Record<string, string | undefined>> = response.headers;
  const allowed = responseHeaders['access-control-allow-origin'];
  return response.status === 200 && (allowed === '*' || allowed === origin) ? responseHeaders : undefined;
}

function missingCorsGrants({ canPut, rejectedHeaders: refused, exposed }: Grant): string | undefined {
  if (!canPut) return 'may not PUT';
  if (refused.length > 0) return `may not send ${refused.join(', ')}`;
  const readable = new Set(exposed.map((name) => name.toLowerCase()));
  const hidden = EXPOSED_HEADERS.filter((name) => !readable.has(name.toLowerCase()));
  return hidden.length === 0 ? undefined : `may not read ${hidden.join(', ')}`;
}

/** The new rule comes before the present one, so it also exposes the headers that pages can read already. */
async function addRule(options: CorsCheckOptions, exposed: readonly string[]): Promise<Check> {
  const { admin, origin, signal } = options;
  const known = new Set(EXPOSED_HEADERS.map((name) => name.toLowerCase()));
  const rule = {
    allowedOrigins: [origin],
    allowedMethods: ['PUT'],
    allowedHeaders: ['*'],
    exposeHeaders: [...EXPOSED_HEADERS, ...exposed.filter((name) => !known.has(name.toLowerCase()))],
    maxAgeSeconds: 3600,
  };
  await admin.addCorsRule(rule, { signal });
  const missing = missingCorsGrants(await getGrant(options));
  if (missing === undefined) {
    return ok(
      'cors',
      `A rule was added before the others: pages of ${origin} may send parts and read the responses.`,
    );
  }
  const detail = `A rule was added, but OSS does not apply it yet: pages of ${origin} ${missing}.`;
  return warning('cors', detail, 'Examine the bucket again in a few minutes.');
}
