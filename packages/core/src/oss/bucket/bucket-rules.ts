import { type ErrorContext, UploadError } from '../../errors.ts';
import { children, type Element, escaped, optionalText, read } from '../xml.ts';

/** Which pages may send which requests, and what they may read of the answers. */
export interface CorsRule {
  /** `https://app.example.com`; at most one asterisk in each. */
  readonly allowedOrigins: readonly string[];
  /** Of GET, PUT, DELETE, POST and HEAD. */
  readonly allowedMethods: readonly string[];
  /** At most one asterisk in each. */
  readonly allowedHeaders: readonly string[];
  /** No asterisk. */
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number | undefined;
}

/** What a lifecycle rule says of unfinished uploads. */
export interface LifecycleRule {
  readonly id: string;
  readonly prefix: string;
  readonly isEnabled: boolean;
  /** Whether it is about some of the keys below its prefix only, by tag or filter. */
  readonly isSelective: boolean;
  /** Days after which an unfinished upload is removed. `undefined` where the rule removes none. */
  readonly abortAfterDays: number | undefined;
}

/** `<CORSConfiguration>` */
export function readCorsRules(xml: string, context: ErrorContext): readonly CorsRule[] {
  return read(xml, CORS.root, context, (root) =>
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
  return read(xml, LIFECYCLE.root, context, (root) =>
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
 * The configuration with one more rule, before all others: of CORS rules the first that matches counts. All
 * else stays as it is, letter by letter. `undefined` stands for none.
 *
 * @throws UploadError `refused` where that is not possible; `malformed_response`.
 */
export function withCorsRule(xml: string | undefined, rule: CorsRule, context: ErrorContext): string {
  const { allowedOrigins, allowedMethods, allowedHeaders, exposeHeaders, maxAgeSeconds } = rule;
  const written = [
    ...allowedOrigins.map((text) => element('AllowedOrigin', text)),
    ...allowedMethods.map((text) => element('AllowedMethod', text)),
    ...allowedHeaders.map((text) => element('AllowedHeader', text)),
    ...exposeHeaders.map((text) => element('ExposeHeader', text)),
    ...(maxAgeSeconds === undefined ? [] : [element('MaxAgeSeconds', String(maxAgeSeconds))]),
  ];
  const merged = withRule(xml, CORS, written.join(''), context);
  if (new TextEncoder().encode(merged).length <= CORS_SIZE_MAX) return merged;
  throw impossible(`they would be more than ${CORS_SIZE_MAX} bytes`, context);
}

/** The same for a lifecycle rule that removes unfinished uploads, and does nothing else. */
export function withLifecycleRule(
  xml: string | undefined,
  { id, prefix, abortAfterDays }: Pick<LifecycleRule, 'id' | 'prefix'> & { readonly abortAfterDays: number },
  context: ErrorContext,
): string {
  const days = `<AbortMultipartUpload>${element('Days', String(abortAfterDays))}</AbortMultipartUpload>`;
  const written = [element('ID', id), element('Prefix', prefix), element('Status', 'Enabled'), days];
  return withRule(xml, LIFECYCLE, written.join(''), context);
}

interface Kind {
  readonly root: string;
  readonly rule: string;
  readonly rulesMax: number;
}

/** OSS once took 10 rules, and refuses further ones where it still does. */
const CORS: Kind = { root: 'CORSConfiguration', rule: 'CORSRule', rulesMax: 20 };
const CORS_SIZE_MAX: number = 16 * 1024;
const LIFECYCLE: Kind = { root: 'LifecycleConfiguration', rule: 'Rule', rulesMax: 1000 };

function withRule(xml: string | undefined, kind: Kind, written: string, context: ErrorContext): string {
  const { root, rule, rulesMax } = kind;
  const added = `<${rule}>${written}</${rule}>`;
  const before = xml === undefined ? [] : rulesIn(xml, kind, context);
  if (before.length >= rulesMax) throw impossible(`there are ${before.length} already`, context);
  if (xml === undefined) return `<${root}>${added}</${root}>`;
  const merged = xml.replace(new RegExp(`<${root}(?:\\s[^<>]*[^<>/])?>`), (open) => open + added);
  // Whatever the text was like: what is sent must hold every rule that was there.
  const after = merged === xml ? [] : rulesIn(merged, kind, context);
  if (JSON.stringify(after.slice(1)) === JSON.stringify(before) && after.length > before.length)
    return merged;
  throw impossible('the present ones are written in a way that it cannot be added to', context);
}

function rulesIn(xml: string, { root, rule }: Kind, context: ErrorContext): readonly Element[] {
  return read(xml, root, context, (found) => children(found, rule));
}

function impossible(why: string, context: ErrorContext): UploadError {
  return new UploadError({
    code: 'refused',
    message: `a rule cannot be added to those of the bucket: ${why}`,
    disposition: 'permanent',
    context,
    hint: 'Add the rule by hand, in the console of OSS. Nothing was changed.',
  });
}

function element(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

function texts(parent: Element, name: string): readonly string[] {
  const found = parent[name];
  return [found].flat().flatMap((text) => (typeof text === 'string' ? [text.trim()] : []));
}

function wholeNumber(parent: Element, name: string): number | undefined {
  const text = optionalText(parent, name)?.trim() ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
