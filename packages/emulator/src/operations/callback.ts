import { callbackFailedError, invalidArgumentError } from '../errors.ts';
import type { OperationResponse } from '../http/response.ts';
import { getHeader } from '../http/wire-text.ts';
import type { Bucket, ObjectVersion } from '../storage/state.ts';
import type { OssRequest, QueryParameters } from '../types.ts';

/** A callback to an application server, as the uploader configured it. */
export interface CallbackRequest {
  /** One to five URLs, separated by semicolons, tried in order. A URL may have no scheme: then HTTP. */
  readonly url: string;
  /** The `Host` header; `undefined`: the host of the URL. */
  readonly host: string | undefined;
  /** The `Content-Type` of the body. */
  readonly bodyType: 'application/x-www-form-urlencoded' | 'application/json';
  /** The body with every variable replaced by its value. */
  readonly body: string;
}

/** The response of the application server. */
export interface CallbackReply {
  /** The HTTP status. Any status but 200 makes the upload respond with `CallbackFailed`. */
  readonly status: number;
  /** The response's body, which must be JSON. The uploader receives it. */
  readonly body: string;
}

/** Sends a callback and resolves with the reply. Rejects when there is none: the callback has failed. */
export type SendCallback = (request: CallbackRequest) => Promise<CallbackReply>;

/** Checks the URLs of a `callbackUrl`. Rejects with an `OssError` if OSS may not call one of them. */
export type AllowCallback = (urls: string) => Promise<void>;

export interface Callbacks {
  /** Reads the callback of a request, before anything is stored. `undefined` if it has none. */
  read(request: OssRequest, parameters: QueryParameters): Promise<CallbackConfiguration | undefined>;
  /** Sends a callback for an object and creates the response to the uploader. */
  call(configuration: CallbackConfiguration, stored: StoredObject): Promise<OperationResponse>;
}

export interface StoredObject {
  readonly bucket: Bucket;
  readonly object: ObjectVersion;
  readonly headers: Readonly<Record<string, string>>;
}

/** A callback as the request has it, with variables in place of their values. */
export interface CallbackConfiguration {
  readonly callback: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
}

/** A failed callback is the error CallbackFailed with status 203. The object stays stored. */
export function createCallbacks(send: SendCallback, allow: AllowCallback): Callbacks {
  return {
    async read(request, parameters) {
      const configuration = readCallback(request, parameters);
      if (configuration !== undefined) await allow(configuration.callback.callbackUrl ?? '');
      return configuration;
    },
    async call(configuration, stored) {
      const reply = await send(createCallbackRequest(configuration, stored)).catch(() => undefined);
      if (reply === undefined) throw callbackFailedError('Error status : -1.');
      if (reply.status !== 200) throw callbackFailedError(`Error status : ${reply.status}.`);
      if (!isJson(reply.body)) throw callbackFailedError('Response body is not valid json format.');
      const headers = { ...stored.headers, 'Content-Type': 'application/json' };
      return { status: 200, headers, body: reply.body };
    },
  };
}

function readCallback(request: OssRequest, parameters: QueryParameters): CallbackConfiguration | undefined {
  const callback = readJson(request, parameters, 'x-oss-callback', 'callback');
  const variables = readJson(request, parameters, 'x-oss-callback-var', 'callback-var') ?? {};
  if (callback === undefined) return undefined;
  const { callbackUrl = '', callbackBody = '' } = callback;
  if (callbackUrl === '' || callbackBody === '')
    throw invalidCallbackError('x-oss-callback', JSON.stringify(callback));
  if (Object.keys(variables).some((name) => !/^x:[a-z0-9_.-]*$/.test(name))) {
    throw invalidCallbackError('x-oss-callback-var', JSON.stringify(variables));
  }
  return { callback, variables };
}

function readJson(
  request: OssRequest,
  parameters: QueryParameters,
  header: string,
  parameter: string,
): Readonly<Record<string, string>> | undefined {
  const inHeader = getHeader(request, header);
  const inQuery = parameters.get(parameter);
  if (inHeader !== undefined && inQuery !== undefined) throw invalidCallbackError(header, inHeader);
  const text = inHeader ?? inQuery;
  if (text === undefined) return undefined;
  if (text.length > 5 * 1024) throw invalidCallbackError(header, '');
  const json = Buffer.from(text, 'base64').toString('utf8');
  if (!isJson(json)) throw invalidCallbackError(header, text);
  const value: unknown = JSON.parse(json);
  if (typeof value !== 'object' || value === null) throw invalidCallbackError(header, text);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, String(field)]));
}

function createCallbackRequest(
  { callback, variables }: CallbackConfiguration,
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

function invalidCallbackError(name: string, value: string): ReturnType<typeof invalidArgumentError> {
  return invalidArgumentError('The callback configuration is not valid.', name, value);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
