import { type ErrorContext, refusedError, type UploadError } from '../../errors.ts';
import { children, type Element, escapeXml, optionalText, readDocument } from '../xml.ts';

/** Which pages may send which requests, and which response headers they may read. */
export interface CorsRule {
  /** Such as `https://app.example.com`; at most one asterisk in each. */
  readonly allowedOrigins: readonly string[];
  /** GET, PUT, DELETE, POST or HEAD. */
  readonly allowedMethods: readonly string[];
  /** At most one asterisk in each. */
  readonly allowedHeaders: readonly string[];
  /** No asterisk. */
  readonly exposeHeaders: readonly string[];
  /** How long a browser may cache a preflight, in seconds. Default: none. */
  readonly maxAgeSeconds?: number | undefined;
}

/** A lifecycle rule, as far as it is about unfinished uploads. */
export interface LifecycleRule {
  /** The name of the rule. */
  readonly id: string;
  /** Keys that start with it. '' for all. */
  readonly prefix: string;
  /** Whether OSS applies it. */
  readonly isEnabled: boolean;
  /** Whether a tag or filter limits it to some of the keys with the prefix. */
  readonly isSelective: boolean;
  /** Days after which an unfinished upload is aborted. `undefined`: the rule aborts none. */
  readonly abortAfterDays: number | undefined;
}

/** `<CORSConfiguration>` */
export function readCorsRules(xml: string, context: ErrorContext): readonly CorsRule[] {
  return readDocument(xml, CORS.root, context, (root) =>
    children(root, CORS.rule).map((rule) => ({
      allowedOrigins: texts(rule, 'AllowedOrigin'),
      allowedMethods: texts(rule, 'AllowedMethod'),
      allowedHeaders: texts(rule, 'AllowedHeader'),
      exposeHeaders: texts(rule, 'ExposeHeader'),
      maxAgeSeconds: wholeNumber(rule, 'MaxAgeSeconds'),
    })),
  );
}

/** `<LifecycleConfiguration>` */
export function readLifecycleRules(xml: string, context: ErrorContext): readonly LifecycleRule[] {
  return readDocument(xml, LIFECYCLE.root, context, (root) =>
    children(root, LIFECYCLE.rule).map((rule) => ({
      id: optionalText(rule, 'ID') ?? '',
      prefix: optionalText(rule, 'Prefix') ?? '',
      isEnabled: optionalText(rule, 'Status')?.trim() === 'Enabled',
      isSelective: 'Tag' in rule || 'Filter' in rule,
      abortAfterDays: children(rule, 'AbortMultipartUpload').map((abort) => wholeNumber(abort, 'Days'))[0],
    })),
  );
}

/**
 * The configuration with one more rule before all others, because the first matching CORS rule counts. The
 * rest stays unchanged, character by character. `undefined`: there is no configuration yet.
 *
 * @throws UploadError `refused` when that is not possible; `malformed_response`.
 */
export function insertCorsRule(xml: string | undefined, rule: CorsRule, context: ErrorContext): string {
  const { allowedOrigins, allowedMethods, allowedHeaders, exposeHeaders, maxAgeSeconds } = rule;
  const written = [
    ...allowedOrigins.map((text) => element('AllowedOrigin', text)),
    ...allowedMethods.map((text) => element('AllowedMethod', text)),
    ...allowedHeaders.map((text) => element('AllowedHeader', text)),
    ...exposeHeaders.map((text) => element('ExposeHeader', text)),
    ...(maxAgeSeconds === undefined ? [] : [element('MaxAgeSeconds', String(maxAgeSeconds))]),
  ];
  const merged = insertRule(xml, CORS, written.join(''), context);
  if (new TextEncoder().encode(merged).length <= CORS_SIZE_MAX) return merged;
  throw cannotAddRuleError(`the rules would have more than ${CORS_SIZE_MAX} bytes`, context);
}

/** The same for a lifecycle rule that only aborts unfinished uploads. */
export function insertLifecycleRule(
  xml: string | undefined,
  { id, prefix, abortAfterDays }: Pick<LifecycleRule, 'id' | 'prefix'> & { readonly abortAfterDays: number },
  context: ErrorContext,
): string {
  const days = `<AbortMultipartUpload>${element('Days', String(abortAfterDays))}</AbortMultipartUpload>`;
  const written = [element('ID', id), element('Prefix', prefix), element('Status', 'Enabled'), days];
  return insertRule(xml, LIFECYCLE, written.join(''), context);
}

interface RuleKind {
  readonly root: string;
  readonly rule: string;
  readonly rulesMax: number;
}

/** OSS used to accept 10 rules; a bucket with the old limit rejects further ones itself. */
const CORS: RuleKind = { root: 'CORSConfiguration', rule: 'CORSRule', rulesMax: 20 };
const CORS_SIZE_MAX: number = 16 * 1024;
const LIFECYCLE: RuleKind = { root: 'LifecycleConfiguration', rule: 'Rule', rulesMax: 1000 };

function insertRule(xml: string | undefined, kind: RuleKind, written: string, context: ErrorContext): string {
  const { root, rule, rulesMax } = kind;
  const added = `<${rule}>${written}</${rule}>`;
  const before = xml === undefined ? [] : readRules(xml, kind, context);
  if (before.length >= rulesMax) throw cannotAddRuleError(`it already has ${before.length} rules`, context);
  if (xml === undefined) return `<${root}>${added}</${root}>`;
  const merged = xml.replace(new RegExp(`<${root}(?:\\s[^<>]*[^<>/])?>`), (start) => start + added);
  // For any text: the new configuration must contain every existing rule.
  const after = merged === xml ? [] : readRules(merged, kind, context);
  if (JSON.stringify(after.slice(1)) === JSON.stringify(before) && after.length > before.length)
    return merged;
  throw cannotAddRuleError('its configuration has an unexpected form', context);
}

function readRules(xml: string, { root, rule }: RuleKind, context: ErrorContext): readonly Element[] {
  return readDocument(xml, root, context, (found) => children(found, rule));
}

function cannotAddRuleError(reason: string, context: ErrorContext): UploadError {
  return refusedError(`a rule cannot be added to the bucket: ${reason}`, {
    context,
    hint: 'Add the rule in the console of OSS. Nothing was changed.',
  });
}

function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

function texts(parent: Element, name: string): readonly string[] {
  const found = parent[name];
  return [found].flat().flatMap((text) => (typeof text === 'string' ? [text.trim()] : []));
}

function wholeNumber(parent: Element, name: string): number | undefined {
  const text = optionalText(parent, name)?.trim() ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
