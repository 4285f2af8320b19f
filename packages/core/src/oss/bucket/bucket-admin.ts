import { type ErrorContext, UploadError } from '../../errors.ts';
import type { OssWire } from '../object-store.ts';
import { createOssWire, type OssBucketOptions } from '../oss-wire.ts';
import { unexpectedResponseError } from '../xml.ts';
import {
  type CorsRule,
  insertCorsRule,
  insertLifecycleRule,
  type LifecycleRule,
  readCorsRules,
  readLifecycleRules,
} from './bucket-rules.ts';

/**
 * The settings of a bucket that uploads need. Each method rejects with an `UploadError`, or with the reason
 * of its signal. The methods that add a rule read all rules and write them all with one more, as OSS has no
 * other way: a concurrent write of another process is lost.
 */
export interface BucketAdmin {
  /** The name of the bucket. */
  readonly bucket: string;
  /** The region as OSS names it: `oss-cn-hangzhou`. */
  location(request?: AdminRequest): Promise<string>;
  /** The CORS rules, in the order in which OSS tries them. */
  corsRules(request?: AdminRequest): Promise<readonly CorsRule[]>;
  /** Adds a rule before all others. Rejects with `refused` when the bucket has too many rules. */
  addCorsRule(rule: CorsRule, request?: AdminRequest): Promise<void>;
  /** The lifecycle rules, as far as they are about unfinished uploads. */
  lifecycleRules(request?: AdminRequest): Promise<readonly LifecycleRule[]>;
  /** Adds a rule that aborts unfinished uploads of keys with the prefix. */
  addAbortRule(rule: AbortRule, request?: AdminRequest): Promise<void>;
}

/** One request to the settings of a bucket. */
export interface AdminRequest {
  /** Stops the request. */
  readonly signal?: AbortSignal | undefined;
}

/** A lifecycle rule that aborts unfinished uploads. */
export interface AbortRule {
  /** Keys that start with it. '' for all. */
  readonly prefix: string;
  /** Whole days after the initiation, from 1. */
  readonly abortAfterDays: number;
}

/**
 * A {@link BucketAdmin} over `fetch`, signed like the requests of an object store.
 *
 * @throws TypeError that names the option.
 */
export function createBucketAdmin(options: OssBucketOptions): BucketAdmin {
  return createBucketAdminOver(createOssWire(options));
}

export function createBucketAdminOver(wire: OssWire): BucketAdmin {
  const cors = createConfiguration(wire, 'cors', 'Cors', 'NoSuchCORSConfiguration');
  const lifecycle = createConfiguration(wire, 'lifecycle', 'Lifecycle', 'NoSuchLifecycle');
  return {
    bucket: wire.bucket,
    location: ({ signal } = {}) => location(wire, signal),
    async corsRules({ signal } = {}) {
      const xml = await cors.get(signal);
      return xml === undefined ? [] : readCorsRules(xml, cors.context('Get'));
    },
    async addCorsRule(rule, { signal } = {}) {
      await cors.put(insertCorsRule(await cors.get(signal), rule, cors.context('Put')), {}, signal);
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
      const rule = { id: findFreeId(rules), prefix, abortAfterDays };
      const merged = insertLifecycleRule(xml, rule, lifecycle.context('Put'));
      await lifecycle.put(merged, createOverlapHeader(rules, prefix), signal);
    },
  };
}

interface Configuration {
  context(verb: 'Get' | 'Put'): ErrorContext & { readonly operation: string };
  /** `undefined` when the bucket has none. */
  get(signal: AbortSignal | undefined): Promise<string | undefined>;
  put(xml: string, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<void>;
}

function createConfiguration(wire: OssWire, query: string, name: string, absent: string): Configuration {
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
  // The root element holds the text itself, without children.
  const found = /<LocationConstraint[^>]*>([\w-]{1,64})</.exec(body)?.[1];
  if (found === undefined) throw unexpectedResponseError('has no LocationConstraint', context);
  return found;
}

const ID = 'partway-abort-unfinished-uploads';

function findFreeId(rules: readonly LifecycleRule[]): string {
  const taken = new Set(rules.map(({ id }) => id));
  for (let count = 1; ; count++) {
    const id = count === 1 ? ID : `${ID}-${count}`;
    if (!taken.has(id)) return id;
  }
}

/** Without it OSS rejects two rules about the same keys. */
function createOverlapHeader(rules: readonly LifecycleRule[], prefix: string): Record<string, string> {
  const isOverlapping = rules.some(
    (rule) => rule.prefix.startsWith(prefix) || prefix.startsWith(rule.prefix),
  );
  return isOverlapping ? { 'x-oss-allow-same-action-overlap': 'true' } : {};
}
