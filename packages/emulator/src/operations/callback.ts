import { callbackFailed, invalidArgument } from '../errors.ts';
import { type Answer, emptyAnswer } from '../http/response.ts';
import { headerOf } from '../http/wire-text.ts';
import type { Bucket, ObjectVersion } from '../storage/state.ts';
import type { OssRequest, Parameters } from '../types.ts';

/** What OSS shall tell the application server, as the uploader asked for it. */
export interface CallbackRequest {
  readonly url: string;
  readonly host: string | undefined;
  readonly bodyType: 'application/x-www-form-urlencoded' | 'application/json';
  /** Every variable filled in. */
  readonly body: string;
}

/** The application server's answer. Its body goes to the uploader. */
export interface CallbackReply {
  readonly status: number;
  readonly body: string;
}

/** Carries callbacks out. */
export type SendCallback = (request: CallbackRequest) => Promise<CallbackReply>;

/** Rejects with the error of OSS where a `callbackUrl` may not be called. */
export type AllowCallback = (urls: string) => Promise<void>;

export interface Callbacks {
  /** What the request asks for, before anything is stored. `undefined` where it asks for none. */
  read(request: OssRequest, parameters: Parameters): Promise<WantedCallback | undefined>;
  call(wanted: WantedCallback, stored: StoredObject): Promise<Answer>;
}

export interface StoredObject {
  readonly bucket: Bucket;
  readonly object: ObjectVersion;
  readonly headers: Readonly<Record<string, string>>;
}

/** A callback as it stands in the request, variables not yet filled in. */
export interface WantedCallback {
  readonly callback: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
}

/** A failed callback is CallbackFailed with status 203: the object is stored all the same. */
export function createCallbacks(send: SendCallback, allow: AllowCallback): Callbacks {
  return {
    async read(request, parameters) {
      const wanted = readCallback(request, parameters);
      if (wanted !== undefined) await allow(wanted.callback.callbackUrl ?? '');
      return wanted;
    },
    async call(wanted, stored) {
      const reply = await send(filledIn(wanted, stored)).catch(() => undefined);
      if (reply === undefined) throw callbackFailed('Error status : -1.');
      if (reply.status !== 200) throw callbackFailed(`Error status : ${reply.status}.`);
      if (!isJson(reply.body)) throw callbackFailed('Response body is not valid json format.');
      const answer = emptyAnswer(200, { ...stored.headers, 'Content-Type': 'application/json' });
      return { ...answer, body: reply.body };
    },
  };
}

function readCallback(request: OssRequest, parameters: Parameters): WantedCallback | undefined {
  const callback = readJson(request, parameters, 'x-oss-callback', 'callback');
  const variables = readJson(request, parameters, 'x-oss-callback-var', 'callback-var') ?? {};
  if (callback === undefined) return undefined;
  const { callbackUrl = '', callbackBody = '' } = callback;
  if (callbackUrl === '' || callbackBody === '')
    throw badCallback('x-oss-callback', JSON.stringify(callback));
  if (Object.keys(variables).some((name) => !/^x:[a-z0-9_.-]*$/.test(name))) {
    throw badCallback('x-oss-callback-var', JSON.stringify(variables));
  }
  return { callback, variables };
}

function readJson(
  request: OssRequest,
  parameters: Parameters,
  header: string,
  parameter: string,
): Readonly<Record<string, string>> | undefined {
  const inHeader = headerOf(request, header);
  const inQuery = parameters.get(parameter);
  if (inHeader !== undefined && inQuery !== undefined) throw badCallback(header, inHeader);
  const text = inHeader ?? inQuery;
  if (text === undefined) return undefined;
  if (text.length > 5 * 1024) throw badCallback(header, '');
  const json = Buffer.from(text, 'base64').toString('utf8');
  if (!isJson(json)) throw badCallback(header, text);
  const value: unknown = JSON.parse(json);
  if (typeof value !== 'object' || value === null) throw badCallback(header, text);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, String(field)]));
}

function filledIn(
  { callback, variables }: WantedCallback,
  { bucket, object }: StoredObject,
): CallbackRequest {
  const isJsonBody = callback.callbackBodyType === 'application/json';
  const values: Readonly<Record<string, string>> = {
    bucket: bucket.name,
    object: object.key,
    etag: object.etag,
    size: String(object.size),
    mimeType: object.headers['content-type'] ?? 'application/octet-stream',
    crc64: object.crc64,
    ...variables,
  };
  const body = (callback.callbackBody ?? '').replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = values[name] ?? '';
    return isJsonBody ? JSON.stringify(value) : encodeURIComponent(value);
  });
  return {
    url: callback.callbackUrl ?? '',
    host: callback.callbackHost,
    bodyType: isJsonBody ? 'application/json' : 'application/x-www-form-urlencoded',
    body,
  };
}

function badCallback(name: string, value: string): ReturnType<typeof invalidArgument> {
  return invalidArgument('The callback configuration is not valid.', name, value);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
