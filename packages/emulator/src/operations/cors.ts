import { corsForbiddenError, invalidPreflightError, malformedXmlError, noSuchCorsError } from '../errors.ts';
import { getHeader } from '../http/wire-text.ts';
import {
  getChildren,
  getChildText,
  type ParsedElement,
  parseXml,
  writeXml,
  type XmlElement,
} from '../http/xml.ts';
import type { Bucket, CorsRule } from '../storage/state.ts';
import type { OssRequest } from '../types.ts';

/** Creates the headers of a preflight response. A preflight has no signature; the rules alone decide. */
export function createPreflightHeaders(bucket: Bucket, request: OssRequest): Record<string, string> {
  const origin = getHeader(request, 'origin');
  const method = getHeader(request, 'access-control-request-method');
  if (origin === undefined || method === undefined) throw invalidPreflightError();
  const requestedHeaders = parseHeaderNames(getHeader(request, 'access-control-request-headers') ?? '');
  const rule = bucket.cors?.find(
    (candidate) =>
      allowsRequest(candidate, origin, method) &&
      requestedHeaders.every((name) => allowsHeader(candidate, name)),
  );
  if (rule === undefined) throw corsForbiddenError(method, findResourceType(bucket, request));
  return {
    ...grantHeaders(rule, origin),
    ...varyHeader(bucket),
    ...(requestedHeaders.length > 0 ? { 'Access-Control-Allow-Headers': requestedHeaders.join(', ') } : {}),
  };
}

/**
 * Creates the headers that let a page read a response. None if no rule matches; the request is still handled.
 */
export function corsHeaders(bucket: Bucket, request: OssRequest): Record<string, string> {
  const origin = getHeader(request, 'origin');
  const vary = varyHeader(bucket);
  if (origin === undefined) return vary;
  const rule = bucket.cors?.find((candidate) => allowsRequest(candidate, origin, request.method));
  return rule === undefined ? vary : { ...grantHeaders(rule, origin), ...vary };
}

function varyHeader({ isVaryingByOrigin }: Bucket): Record<string, string> {
  return isVaryingByOrigin ? { Vary: 'Origin' } : {};
}

/** A rule for every origin returns the asterisk, any other rule the origin of the request. */
function grantHeaders(rule: CorsRule, origin: string): Record<string, string> {
  const { exposeHeaders, maxAgeSeconds } = rule;
  return {
    'Access-Control-Allow-Origin': rule.allowedOrigins.includes('*') ? '*' : origin,
    'Access-Control-Allow-Methods': rule.allowedMethods.join(', '),
    ...(exposeHeaders.length > 0 ? { 'Access-Control-Expose-Headers': exposeHeaders.join(', ') } : {}),
    ...(maxAgeSeconds === undefined ? {} : { 'Access-Control-Max-Age': String(maxAgeSeconds) }),
  };
}

function allowsRequest(rule: CorsRule, origin: string, method: string): boolean {
  return (
    rule.allowedMethods.includes(method) &&
    rule.allowedOrigins.some((pattern) => matchesPattern(pattern, origin))
  );
}

function allowsHeader(rule: CorsRule, lowerName: string): boolean {
  return rule.allowedHeaders.some((pattern) => matchesPattern(pattern.toLowerCase(), lowerName));
}

/** An asterisk matches any text, also none; a pattern has at most one. */
function matchesPattern(pattern: string, text: string): boolean {
  const at = pattern.indexOf('*');
  if (at < 0) return pattern === text;
  const end = pattern.slice(at + 1);
  return text.length >= pattern.length - 1 && text.startsWith(pattern.slice(0, at)) && text.endsWith(end);
}

function parseHeaderNames(list: string): readonly string[] {
  const names = list.split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '');
}

/** For the error response only. The bucket is in the host or the first segment of the path. */
function findResourceType(bucket: Bucket, request: OssRequest): 'OBJECT' | 'BUCKET' {
  const path = request.target.replace(/\?.*$/s, '');
  const isInHost = getHeader(request, 'host')?.startsWith(`${bucket.name}.`) ?? false;
  const bucketPaths = isInHost ? ['/', ''] : [`/${bucket.name}`, `/${bucket.name}/`];
  return bucketPaths.includes(path) ? 'BUCKET' : 'OBJECT';
}

/** Replaces all rules. */
export function putCors(bucket: Bucket, xml: string): void {
  if (Buffer.byteLength(xml) > BYTES_MAX) throw malformedXmlError();
  const root = parseXml(xml, 'CORSConfiguration');
  const rules = getChildren(root, 'CORSRule').map(parseCorsRule);
  if (rules.length === 0 || rules.length > RULES_MAX) throw malformedXmlError();
  bucket.cors = rules;
  bucket.isVaryingByOrigin = getChildText(root, 'ResponseVary') === 'true';
}

function parseCorsRule(element: ParsedElement): CorsRule {
  const texts = (name: string): readonly string[] =>
    getChildren(element, name).map((child) => child.text.trim());
  const maxAge = getChildText(element, 'MaxAgeSeconds');
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
  if (!isValid) throw malformedXmlError();
  return rule;
}

export function getCors(bucket: Bucket): string {
  if (bucket.cors === undefined) throw noSuchCorsError();
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
const RULES_MAX = 20;
const BYTES_MAX: number = 16 * 1024;
