import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One PUT as it reached OSS. */
export interface SentPart {
  readonly key: string;
  /** `undefined`: the whole object in one request. */
  readonly partNumber: number | undefined;
  /** Of the body, as the browser declared it. */
  readonly size: number;
  readonly contentType: string | undefined;
  /** The status of OSS's response; `undefined` before it. */
  readonly status: number | undefined;
}

/** Listens to a server of this process from outside, by the diagnostics of Node. */
export interface SentParts {
  /** The PUTs of this key, in order of arrival. */
  of(key: string): readonly SentPart[];
  /** How many uploads of this key were initiated. */
  initiations(key: string): number;
  /** Called with every PUT before OSS looks at it. */
  onPart: (part: SentPart) => void;
  close(): void;
}

const STARTED = 'http.server.request.start';

/** Observes the parts sent to `bucket` at this port. */
export function watchSentParts(port: number, bucket: string): SentParts {
  const parts: SentPart[] = [];
  const initiated: string[] = [];
  const watched: SentParts = {
    of: (key) => parts.filter((part) => part.key === key),
    initiations: (key) => initiated.filter((each) => each === key).length,
    onPart: () => undefined,
    close: () => unsubscribe(STARTED, onMessage),
  };

  function onMessage(message: unknown): void {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (request.socket.localPort !== port) return;
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://oss');
    const key = decodeURIComponent(pathname.slice(`/${bucket}/`.length));
    if (request.method === 'POST' && searchParams.has('uploads')) initiated.push(key);
    if (request.method !== 'PUT' || key === '') return;
    const part = sentPart(key, searchParams.get('partNumber'), request);
    parts.push(part);
    response.once('finish', () => Object.assign(part, { status: response.statusCode }));
    watched.onPart(part);
  }

  subscribe(STARTED, onMessage);
  return watched;
}

function sentPart(key: string, partNumber: string | null, { headers }: IncomingMessage): SentPart {
  return {
    key,
    partNumber: partNumber === null ? undefined : Number(partNumber),
    size: Number(headers['content-length']),
    contentType: headers['content-type'],
    status: undefined,
  };
}
