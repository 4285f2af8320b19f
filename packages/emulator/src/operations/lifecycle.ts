import { randomUUID } from 'node:crypto';
import { malformedXml, noSuchLifecycle } from '../errors.ts';
import {
  childrenNamed,
  type ParsedElement,
  readXml,
  textOf,
  writeXml,
  type XmlContent,
} from '../http/xml.ts';
import {
  type Bucket,
  type LifecycleRule,
  newestOf,
  type ObjectVersion,
  type OssState,
} from '../storage/state.ts';

/**
 * Does what the rules ask by now. OSS runs this about once a day; when it runs here is the caller's to say.
 * Each blob is taken to belong to one part or object alone.
 */
export async function applyLifecycle(state: OssState): Promise<void> {
  for (const bucket of state.buckets.values()) {
    const rules = bucket.lifecycle?.filter((rule) => rule.isEnabled) ?? [];
    if (rules.length === 0) continue;
    await abortUploads(state, bucket, rules);
    await expireObjects(state, bucket, rules);
  }
}

/** An upload is forgotten before its bytes go, so that nobody finds it half removed. */
async function abortUploads(state: OssState, bucket: Bucket, rules: readonly LifecycleRule[]): Promise<void> {
  const now = state.now();
  for (const upload of [...bucket.uploads.values()]) {
    const { key, initiatedAt, uploadId } = upload;
    const isDue = rules.some(
      ({ prefix, abortAfterDays = Infinity, abortCreatedBefore = -Infinity }) =>
        key.startsWith(prefix) &&
        (initiatedAt + abortAfterDays * DAY <= now || initiatedAt < abortCreatedBefore),
    );
    // While the one before was removed, this one may have been completed: then its bytes are the object's.
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
    const object = newestOf(bucket, key);
    const isDue = rules.some(
      ({ prefix, expireAfterDays = Infinity }) =>
        object !== undefined && key.startsWith(prefix) && object.lastModified + expireAfterDays * DAY <= now,
    );
    if (isDue) await expireObject(state, bucket, key);
  }
}

/**
 * With versioning, expiry hides an object behind a delete marker; suspended versioning also loses the 'null'
 * one.
 */
async function expireObject(state: OssState, bucket: Bucket, key: string): Promise<void> {
  const versions = bucket.objects.get(key) ?? [];
  const isEnabled = bucket.versioning === 'Enabled';
  const lost = versions.filter(({ versionId }) => !isEnabled && versionId === 'null');
  if (bucket.versioning === undefined) {
    bucket.objects.delete(key);
  } else {
    const marker = deleteMarker(key, isEnabled ? state.ids.versionId() : 'null', state.now());
    bucket.objects.set(key, [...versions.filter((version) => !lost.includes(version)), marker]);
  }
  await state.records.saveObject(bucket, key);
  for (const { blobId } of lost.flatMap((version) => version.pieces)) await state.blobs.remove(blobId);
}

function deleteMarker(key: string, versionId: string, lastModified: number): ObjectVersion {
  return {
    key,
    versionId,
    isDeleteMarker: true,
    type: 'Normal',
    size: 0,
    etag: '',
    crc64: '0',
    contentMd5: undefined,
    lastModified,
    headers: {},
    pieces: [],
  };
}

/** Replaces the whole set of rules. */
export function putLifecycle(bucket: Bucket, xml: string): void {
  const rules = childrenNamed(readXml(xml, 'LifecycleConfiguration'), 'Rule').map(ruleOf);
  const ids = new Set(rules.map((rule) => rule.id));
  if (rules.length === 0 || rules.length > MAX_RULES || ids.size < rules.length) throw malformedXml();
  bucket.lifecycle = rules;
}

function ruleOf(element: ParsedElement): LifecycleRule {
  const id = textOf(element, 'ID') || randomUUID();
  const status = textOf(element, 'Status');
  if (id.length > 255 || (status !== 'Enabled' && status !== 'Disabled')) throw malformedXml();
  const abort = element.children.get('AbortMultipartUpload')?.[0];
  // A part has no tags: were they passed over, a rule meant for few uploads would abort all.
  if (abort !== undefined && element.children.has('Tag')) throw malformedXml();
  const isSelective = element.children.has('Tag') || element.children.has('Filter');
  const expiration = element.children.get('Expiration')?.[0];
  const abortAfterDays = abort && daysOf(abort);
  const abortCreatedBefore = abort && dateOf(abort);
  if (abort !== undefined && (abortAfterDays === undefined) === (abortCreatedBefore === undefined)) {
    throw malformedXml();
  }
  return {
    id,
    prefix: textOf(element, 'Prefix') ?? '',
    isEnabled: status === 'Enabled',
    abortAfterDays,
    abortCreatedBefore,
    // By tag or filter nothing expires here: rather too little is removed than too much.
    expireAfterDays: isSelective ? undefined : expiration && daysOf(expiration),
    xml: ruleXml(element, id),
  };
}

function daysOf(element: ParsedElement): number | undefined {
  const text = textOf(element, 'Days');
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw malformedXml();
  return Number(text);
}

/** OSS takes midnights in UTC only. */
function dateOf(element: ParsedElement): number | undefined {
  const text = textOf(element, 'CreatedBeforeDate');
  if (text === undefined) return undefined;
  const date = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\dT00:00:00(\.000)?Z$/.test(text) || Number.isNaN(date)) throw malformedXml();
  return date;
}

/**
 * The rule with all it was put with, also what means nothing here, and with the ID it was given if it had
 * none.
 */
function ruleXml(element: ParsedElement, id: string): string {
  const children = new Map(element.children).set('ID', [{ text: id, children: new Map() }]);
  const content = contentOf({ text: '', children });
  const xml = writeXml('Rule', typeof content === 'object' ? content : []);
  return xml.slice(xml.indexOf('<Rule>'));
}

function contentOf({ text, children }: ParsedElement): XmlContent {
  if (children.size === 0) return text;
  return [...children].flatMap(([name, list]) => list.map((child) => [name, contentOf(child)] as const));
}

export function getLifecycle(bucket: Bucket): string {
  if (bucket.lifecycle === undefined) throw noSuchLifecycle();
  const rules = bucket.lifecycle.map((rule) => rule.xml).join('');
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  return `${declaration}<LifecycleConfiguration>${rules}</LifecycleConfiguration>`;
}

export function deleteLifecycle(bucket: Bucket): void {
  bucket.lifecycle = undefined;
}

const DAY: number = 24 * 60 * 60 * 1000;
const MAX_RULES = 1000;
