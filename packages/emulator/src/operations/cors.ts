import { badPreflight, corsForbidden, malformedXml, noSuchCors } from '../errors.ts';
import { headerOf } from '../http/wire-text.ts';
import {
  childrenNamed,
  type ParsedElement,
  readXml,
  textOf,
  writeXml,
  type XmlElement,
} from '../http/xml.ts';
import type { Bucket, CorsRule } from '../storage/state.ts';
import type { OssRequest } from '../types.ts';

/** Answers a browser that asks before it sends. It carries no signature: the bucket's rules alone decide. */
export function preflight(bucket: Bucket, request: OssRequest): Record<string, string> {
  const origin = headerOf(request, 'origin');
  const method = headerOf(request, 'access-control-request-method');
  if (origin === undefined || method === undefined) throw badPreflight();
  const wanted = namesOf(headerOf(request, 'access-control-request-headers') ?? '');
  const rule = bucket.cors?.find(
    (candidate) => allows(candidate, origin, method) && wanted.every((name) => allowsHeader(candidate, name)),
  );
  if (rule === undefined) throw corsForbidden(method, resourceTypeOf(bucket, request));
  return {
    ...grant(rule, origin),
    ...varyHeader(bucket),
    ...(wanted.length > 0 ? { 'Access-Control-Allow-Headers': wanted.join(', ') } : {}),
  };
}

/**
 * What lets a page read the answer to its request. Empty when no rule matches: the request itself still
 * counts.
 */
export function corsHeaders(bucket: Bucket, request: OssRequest): Record<string, string> {
  const origin = headerOf(request, 'origin');
  const vary = varyHeader(bucket);
  if (origin === undefined) return vary;
  const rule = bucket.cors?.find((candidate) => allows(candidate, origin, request.method));
  return rule === undefined ? vary : { ...grant(rule, origin), ...vary };
}

function varyHeader({ isVaryingByOrigin }: Bucket): Record<string, string> {
  return isVaryingByOrigin ? { Vary: 'Origin' } : {};
}

/** A rule for every origin is answered with the asterisk, any other with the origin that asked. */
function grant(rule: CorsRule, origin: string): Record<string, string> {
  const { exposeHeaders, maxAgeSeconds } = rule;
  return {
    'Access-Control-Allow-Origin': rule.allowedOrigins.includes('*') ? '*' : origin,
    'Access-Control-Allow-Methods': rule.allowedMethods.join(', '),
    ...(exposeHeaders.length > 0 ? { 'Access-Control-Expose-Headers': exposeHeaders.join(', ') } : {}),
    ...(maxAgeSeconds === undefined ? {} : { 'Access-Control-Max-Age': String(maxAgeSeconds) }),
  };
}

function allows(rule: CorsRule, origin: string, method: string): boolean {
  return (
    rule.allowedMethods.includes(method) && rule.allowedOrigins.some((pattern) => matches(pattern, origin))
  );
}

function allowsHeader(rule: CorsRule, lowerName: string): boolean {
  return rule.allowedHeaders.some((pattern) => matches(pattern.toLowerCase(), lowerName));
}

/** The asterisk stands for any text, also none; there is at most one. */
function matches(pattern: string, text: string): boolean {
  const at = pattern.indexOf('*');
  if (at < 0) return pattern === text;
  const end = pattern.slice(at + 1);
  return text.length >= pattern.length - 1 && text.startsWith(pattern.slice(0, at)) && text.endsWith(end);
}

function namesOf(list: string): readonly string[] {
  const names = list.split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '');
}

/** Only for the words of the refusal. The bucket is in the host or is the first step of the path. */
function resourceTypeOf(bucket: Bucket, request: OssRequest): 'OBJECT' | 'BUCKET' {
  const path = request.target.replace(/\?.*$/s, '');
  const isInHost = headerOf(request, 'host')?.startsWith(`${bucket.name}.`) ?? false;
  const ownPaths = isInHost ? ['/', ''] : [`/${bucket.name}`, `/${bucket.name}/`];
  return ownPaths.includes(path) ? 'BUCKET' : 'OBJECT';
}

/** Replaces all rules. */
export function putCors(bucket: Bucket, xml: string): void {
  if (Buffer.byteLength(xml) > MAX_BYTES) throw malformedXml();
  const root = readXml(xml, 'CORSConfiguration');
  const rules = childrenNamed(root, 'CORSRule').map(ruleOf);
  if (rules.length === 0 || rules.length > MAX_RULES) throw malformedXml();
  bucket.cors = rules;
  bucket.isVaryingByOrigin = textOf(root, 'ResponseVary') === 'true';
}

function ruleOf(element: ParsedElement): CorsRule {
  const texts = (name: string): readonly string[] =>
    childrenNamed(element, name).map((child) => child.text.trim());
  const maxAge = textOf(element, 'MaxAgeSeconds');
  const rule: CorsRule = {
    allowedOrigins: texts('AllowedOrigin'),
    allowedMethods: texts('AllowedMethod'),
    allowedHeaders: texts('AllowedHeader'),
    exposeHeaders: texts('ExposeHeader'),
    maxAgeSeconds: maxAge === undefined ? undefined : Number(maxAge),
  };
  const isValid =
    rule.allowedOrigins.length > 0 &&
    rule.allowedMethods.length > 0 &&
    rule.allowedMethods.every((method) => METHODS.includes(method)) &&
    [...rule.allowedOrigins, ...rule.allowedHeaders].every(
      (text) => /^[^*]*(\*[^*]*)?$/.test(text) && text !== '',
    ) &&
    rule.exposeHeaders.every((name) => name !== '' && !name.includes('*')) &&
    (maxAge === undefined || /^\d{1,9}$/.test(maxAge));
  if (!isValid) throw malformedXml();
  return rule;
}

export function getCors(bucket: Bucket): string {
  if (bucket.cors === undefined) throw noSuchCors();
  return writeXml('CORSConfiguration', [
    ...bucket.cors.map(ruleElement),
    ['ResponseVary', bucket.isVaryingByOrigin],
  ]);
}

function ruleElement(rule: CorsRule): XmlElement {
  const all = (name: string, texts: readonly string[]): readonly XmlElement[] =>
    texts.map((text) => [name, text]);
  return [
    'CORSRule',
    [
      ...all('AllowedOrigin', rule.allowedOrigins),
      ...all('AllowedMethod', rule.allowedMethods),
      ...all('AllowedHeader', rule.allowedHeaders),
      ...all('ExposeHeader', rule.exposeHeaders),
      ['MaxAgeSeconds', rule.maxAgeSeconds],
    ],
  ];
}

export function deleteCors(bucket: Bucket): void {
  bucket.cors = undefined;
  bucket.isVaryingByOrigin = false;
}

const METHODS: readonly string[] = ['GET', 'PUT', 'DELETE', 'POST', 'HEAD'];
const MAX_RULES = 20;
const MAX_BYTES: number = 16 * 1024;
