import { type ErrorContext, UploadError } from '../../errors.ts';
import type { OssWire } from '../object-store.ts';
import { createOssWire, type OssBucketOptions } from '../oss-wire.ts';
import { malformedAnswer } from '../xml.ts';
import {
  type CorsRule,
  type LifecycleRule,
  readCorsRules,
  readLifecycleRules,
  withCorsRule,
  withLifecycleRule,
} from './bucket-rules.ts';

/**
 * What an upload needs of its bucket besides objects. Each method rejects with an `UploadError`, or with the
 * reason of its signal. The methods that add read all rules, and write them all with one more, since OSS
 * knows no other way: whatever another writes between the two is lost.
 */
export interface BucketAdmin {
  readonly bucket: string;
  /** The region as OSS names it: `oss-cn-hangzhou`. */
  location(request?: AdminRequest): Promise<string>;
  /** In the order in which OSS tries them. */
  corsRules(request?: AdminRequest): Promise<readonly CorsRule[]>;
  /** Before all others. Rejects with `refused` where there is no room for it. */
  addCorsRule(rule: CorsRule, request?: AdminRequest): Promise<void>;
  lifecycleRules(request?: AdminRequest): Promise<readonly LifecycleRule[]>;
  /** Removes unfinished uploads of keys that begin with `prefix` after so many days, from 1. */
  addAbortRule(rule: AbortRule, request?: AdminRequest): Promise<void>;
}

export interface AdminRequest {
  readonly signal?: AbortSignal | undefined;
}

export interface AbortRule {
  readonly prefix: string;
  readonly abortAfterDays: number;
}

/**
 * A {@link BucketAdmin} over `fetch`, signed as an object store is.
 *
 * @throws TypeError that names the option.
 */
export function createBucketAdmin(options: OssBucketOptions): BucketAdmin {
  return createBucketAdminOver(createOssWire(options));
}

export function createBucketAdminOver(wire: OssWire): BucketAdmin {
  const cors = configurationOf(wire, 'cors', 'Cors', 'NoSuchCORSConfiguration');
  const lifecycle = configurationOf(wire, 'lifecycle', 'Lifecycle', 'NoSuchLifecycle');
  return {
    bucket: wire.bucket,
    location: ({ signal } = {}) => location(wire, signal),
    async corsRules({ signal } = {}) {
      const xml = await cors.get(signal);
      return xml === undefined ? [] : readCorsRules(xml, cors.context('Get'));
    },
    async addCorsRule(rule, { signal } = {}) {
      await cors.put(withCorsRule(await cors.get(signal), rule, cors.context('Put')), {}, signal);
    },
    async lifecycleRules({ signal } = {}) {
      const xml = await lifecycle.get(signal);
      return xml === undefined ? [] : readLifecycleRules(xml, lifecycle.context('Get'));
    },
    async addAbortRule({ prefix, abortAfterDays }, { signal } = {}) {
      if (!Number.isSafeInteger(abortAfterDays) || abortAfterDays < 1) {
        throw new RangeError(`abortAfterDays must be a whole number from 1, got ${abortAfterDays}`);
      }
      const xml = await lifecycle.get(signal);
      const rules = xml === undefined ? [] : readLifecycleRules(xml, lifecycle.context('Get'));
      const rule = { id: freeId(rules), prefix, abortAfterDays };
      const merged = withLifecycleRule(xml, rule, lifecycle.context('Put'));
      await lifecycle.put(merged, overlapHeader(rules, prefix), signal);
    },
  };
}

interface Configuration {
  context(verb: 'Get' | 'Put'): ErrorContext & { readonly operation: string };
  /** `undefined` when the bucket has none. */
  get(signal: AbortSignal | undefined): Promise<string | undefined>;
  put(xml: string, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<void>;
}

function configurationOf(wire: OssWire, query: string, name: string, absent: string): Configuration {
  const { bucket, send } = wire;
  const context = (verb: 'Get' | 'Put') => ({ operation: `${verb}Bucket${name}`, bucket });
  const request = { key: '', query: { [query]: '' } };
  return {
    context,
    async get(signal) {
      try {
        return (await send({ ...request, method: 'GET', context: context('Get'), signal })).body;
      } catch (reason) {
        if (reason instanceof UploadError && reason.context.ossCode === absent) return undefined;
        throw reason;
      }
    },
    async put(xml, headers, signal) {
      await send({ ...request, method: 'PUT', headers, body: xml, context: context('Put'), signal });
    },
  };
}

async function location({ bucket, send }: OssWire, signal: AbortSignal | undefined): Promise<string> {
  const context = { operation: 'GetBucketLocation', bucket };
  const { body } = await send({ method: 'GET', key: '', query: { location: '' }, context, signal });
  // The root itself is the text: it is no element with children.
  const found = /<LocationConstraint[^>]*>([\w-]{1,64})</.exec(body)?.[1];
  if (found === undefined) throw malformedAnswer('has no LocationConstraint', context);
  return found;
}

const ID = 'partway-abort-unfinished-uploads';

function freeId(rules: readonly LifecycleRule[]): string {
  const taken = new Set(rules.map(({ id }) => id));
  for (let count = 1; ; count++) {
    const id = count === 1 ? ID : `${ID}-${count}`;
    if (!taken.has(id)) return id;
  }
}

/** Without it OSS refuses two rules about the same keys. */
function overlapHeader(rules: readonly LifecycleRule[], prefix: string): Record<string, string> {
  const isOverlapping = rules.some(
    (rule) => rule.prefix.startsWith(prefix) || prefix.startsWith(rule.prefix),
  );
  return isOverlapping ? { 'x-oss-allow-same-action-overlap': 'true' } : {};
}
