import { randomUUID } from 'node:crypto';
import { malformedXmlError, noSuchLifecycleError } from '../errors.ts';
import {
  getChildren,
  getChildText,
  type ParsedElement,
  parseXml,
  writeXml,
  type XmlContent,
} from '../http/xml.ts';
import { type Bucket, findNewestVersion, type LifecycleRule, type OssState } from '../storage/state.ts';
import { createDeleteMarker } from './object-versions.ts';

/**
 * Applies the rules that are due now. OSS does this about once a day; here the caller decides when. Each blob
 * must belong to one part or object only.
 */
export async function applyLifecycle(state: OssState): Promise<void> {
  for (const bucket of state.buckets.values()) {
    const rules = bucket.lifecycle?.filter((rule) => rule.isEnabled) ?? [];
    if (rules.length === 0) continue;
    await abortUploads(state, bucket, rules);
    await expireObjects(state, bucket, rules);
  }
}

/** Removes an upload before its bytes, so that no request sees it half removed. */
async function abortUploads(state: OssState, bucket: Bucket, rules: readonly LifecycleRule[]): Promise<void> {
  const now = state.now();
  for (const upload of [...bucket.uploads.values()]) {
    const { key, initiatedAt, uploadId } = upload;
    const isDue = rules.some(
      ({ prefix, abortAfterDays = Infinity, abortCreatedBefore = -Infinity }) =>
        key.startsWith(prefix) &&
        (initiatedAt + abortAfterDays * DAY <= now || initiatedAt < abortCreatedBefore),
    );
    // During an earlier removal this upload may have been completed: then the object has its bytes.
    if (!isDue || !bucket.uploads.delete(uploadId)) continue;
    await state.records.removeUpload(bucket, uploadId);
    for (const part of upload.parts.values()) await state.blobs.remove(part.blobId);
  }
}

async function expireObjects(
  state: OssState,
  bucket: Bucket,
  rules: readonly LifecycleRule[],
): Promise<void> {
  const now = state.now();
  for (const key of [...bucket.objects.keys()]) {
    const object = findNewestVersion(bucket, key);
    const isDue = rules.some(
      ({ prefix, expireAfterDays = Infinity }) =>
        object !== undefined && key.startsWith(prefix) && object.lastModified + expireAfterDays * DAY <= now,
    );
    if (isDue) await expireObject(state, bucket, key);
  }
}

/**
 * With versioning, an expired object gets a delete marker. With suspended versioning the marker replaces the
 * 'null' version.
 */
async function expireObject(state: OssState, bucket: Bucket, key: string): Promise<void> {
  const versions = bucket.objects.get(key) ?? [];
  const isEnabled = bucket.versioning === 'Enabled';
  const removed = versions.filter(({ versionId }) => !isEnabled && versionId === 'null');
  if (bucket.versioning === undefined) {
    bucket.objects.delete(key);
  } else {
    const marker = createDeleteMarker(state, bucket, key);
    bucket.objects.set(key, [...versions.filter((version) => !removed.includes(version)), marker]);
  }
  await state.records.saveObject(bucket, key);
  for (const { blobId } of removed.flatMap((version) => version.pieces)) await state.blobs.remove(blobId);
}

/** Replaces all rules. */
export function putLifecycle(bucket: Bucket, xml: string): void {
  const rules = getChildren(parseXml(xml, 'LifecycleConfiguration'), 'Rule').map(parseLifecycleRule);
  const ids = new Set(rules.map((rule) => rule.id));
  if (rules.length === 0 || rules.length > RULES_MAX || ids.size < rules.length) throw malformedXmlError();
  bucket.lifecycle = rules;
}

function parseLifecycleRule(element: ParsedElement): LifecycleRule {
  const id = getChildText(element, 'ID') || randomUUID();
  const status = getChildText(element, 'Status');
  if (id.length > 255 || (status !== 'Enabled' && status !== 'Disabled')) throw malformedXmlError();
  const abort = element.children.get('AbortMultipartUpload')?.[0];
  // Parts have no tags. If tags were ignored, a rule for few uploads would abort all of them.
  if (abort !== undefined && element.children.has('Tag')) throw malformedXmlError();
  const isSelective = element.children.has('Tag') || element.children.has('Filter');
  const expiration = element.children.get('Expiration')?.[0];
  const abortAfterDays = abort && parseDays(abort);
  const abortCreatedBefore = abort && parseCreatedBefore(abort);
  if (abort !== undefined && (abortAfterDays === undefined) === (abortCreatedBefore === undefined)) {
    throw malformedXmlError();
  }
  return {
    id,
    prefix: getChildText(element, 'Prefix') ?? '',
    isEnabled: status === 'Enabled',
    abortAfterDays,
    abortCreatedBefore,
    // Tags and filters are not modelled: such a rule removes nothing, rather than too much.
    expireAfterDays: isSelective ? undefined : expiration && parseDays(expiration),
    xml: ruleXml(element, id),
  };
}

function parseDays(element: ParsedElement): number | undefined {
  const text = getChildText(element, 'Days');
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw malformedXmlError();
  return Number(text);
}

/** OSS accepts only midnights in UTC. */
function parseCreatedBefore(element: ParsedElement): number | undefined {
  const text = getChildText(element, 'CreatedBeforeDate');
  if (text === undefined) return undefined;
  const date = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\dT00:00:00(\.000)?Z$/.test(text) || Number.isNaN(date)) throw malformedXmlError();
  return date;
}

/** The rule as it was put, with elements that are not modelled, and with a generated ID if it had none. */
function ruleXml(element: ParsedElement, id: string): string {
  const children = new Map(element.children).set('ID', [{ text: id, children: new Map() }]);
  const content = toXmlContent({ text: '', children });
  const xml = writeXml('Rule', typeof content === 'object' ? content : []);
  return xml.slice(xml.indexOf('<Rule>'));
}

function toXmlContent({ text, children }: ParsedElement): XmlContent {
  if (children.size === 0) return text;
  return [...children].flatMap(([name, list]) => list.map((child) => [name, toXmlContent(child)] as const));
}

export function getLifecycle(bucket: Bucket): string {
  if (bucket.lifecycle === undefined) throw noSuchLifecycleError();
  const rules = bucket.lifecycle.map((rule) => rule.xml).join('');
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  return `${declaration}<LifecycleConfiguration>${rules}</LifecycleConfiguration>`;
}

export function deleteLifecycle(bucket: Bucket): void {
  bucket.lifecycle = undefined;
}

const DAY: number = 24 * 60 * 60 * 1000;
const RULES_MAX = 1000;
