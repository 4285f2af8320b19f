import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AdjustableClock } from './adjustable-clock.ts';
import { faultRuleFromJson, faultRuleToJson } from './faults/fault-check.ts';
import type { FaultHandle, Faults } from './faults/faults.ts';
import type { OssInspection } from './inspection.ts';

export interface AdminOptions {
  /** `/-/emulator`. No bucket can be named `-`. */
  readonly path: string;
  readonly model: OssInspection;
  readonly faults: Faults;
  readonly clock: Pick<AdjustableClock, 'now' | 'advance'>;
}

/**
 * Creates an HTTP API for tests in another process or language:
 * `GET|POST|DELETE faults`, `DELETE faults/<id>`, `GET state`, `GET|POST clock` (`{ "advanceMs": 60000 }`).
 * It serves requests from this machine, except those of web pages. `false`: the path is not below `path`.
 */
export function createAdmin(
  options: AdminOptions,
): (message: IncomingMessage, reply: ServerResponse) => boolean {
  return (message, reply) => {
    const [path = ''] = (message.url ?? '').split('?');
    if (!path.startsWith(`${options.path}/`)) return false;
    const resource = path.slice(options.path.length + 1);
    handleRequest(message, resource, options).then(
      ({ status, json }) => send(reply, status, json),
      (reason: unknown) => sendError(reply, reason),
    );
    return true;
  };
}

interface AdminResponse {
  readonly status: number;
  readonly json?: unknown;
}

async function handleRequest(
  message: IncomingMessage,
  resource: string,
  options: AdminOptions,
): Promise<AdminResponse> {
  if (!isLocal(message))
    return { status: 403, json: { error: 'the admin path serves requests from this machine only' } };
  const { faults, clock } = options;
  const [, faultId] = /^faults\/([^/]+)$/.exec(resource) ?? [];
  if (message.method === 'DELETE' && faultId !== undefined) return removeFault(faults, faultId);
  switch (`${message.method} ${resource}`) {
    case 'GET faults':
      return { status: 200, json: faults.list().map(describeFault) };
    case 'POST faults':
      return { status: 201, json: describeFault(faults.add(faultRuleFromJson(await readJson(message)))) };
    case 'DELETE faults':
      faults.clear();
      return { status: 204 };
    case 'GET state':
      return { status: 200, json: describeState(options) };
    case 'GET clock':
      return { status: 200, json: { now: clock.now() } };
    case 'POST clock':
      clock.advance(advanceMs(await readJson(message)));
      return { status: 200, json: { now: clock.now() } };
    default:
      return { status: 404, json: { error: `there is no ${message.method} ${resource}` } };
  }
}

/**
 * A web page can send requests to this machine too. With a rebound host name the Host header gives it away.
 * JSON (Content-Type) needs a CORS preflight, which this API rejects.
 */
function isLocal(message: IncomingMessage): boolean {
  const address = message.socket.remoteAddress ?? '';
  const isFromLoopback = /^(::ffff:)?127\.|^::1$/.test(address);
  const isToLoopback = /^(127(\.\d+){3}|localhost|\[::1\])(:\d+)?$/.test(message.headers.host ?? '');
  const isJson =
    message.method !== 'POST' || /^application\/json\b/.test(message.headers['content-type'] ?? '');
  return isFromLoopback && isToLoopback && isJson;
}

function removeFault(faults: Faults, id: string): AdminResponse {
  const fault = faults.list().find((each) => each.id === id);
  if (fault === undefined) return { status: 404, json: { error: `there is no fault ${id}` } };
  fault.remove();
  return { status: 204 };
}

function describeState({ model, faults, clock }: AdminOptions): unknown {
  const buckets = model
    .bucketNames()
    .map((bucket) => [bucket, { objects: model.keys(bucket).length, uploads: model.uploads(bucket) }]);
  return { now: clock.now(), faults: faults.list().length, buckets: Object.fromEntries(buckets) };
}

function describeFault({ id, rule, matchedCount, firedCount }: FaultHandle): unknown {
  return { id, rule: faultRuleToJson(rule), matchedCount, firedCount };
}

function advanceMs(json: unknown): number {
  const value: unknown =
    typeof json === 'object' && json !== null ? Reflect.get(json, 'advanceMs') : undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new TypeError('advanceMs must be a whole number of ms');
}

const BODY_BYTES_MAX = 64 * 1024;

async function readJson(message: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of message.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > BODY_BYTES_MAX)
      throw new RangeError(`the body must have at most ${BODY_BYTES_MAX} characters`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError('the body must be JSON');
  }
}

function sendError(reply: ServerResponse, reason: unknown): void {
  const isMistake = reason instanceof TypeError || reason instanceof RangeError;
  send(reply, isMistake ? 400 : 500, { error: reason instanceof Error ? reason.message : String(reason) });
}

function send(reply: ServerResponse, status: number, json: unknown): void {
  if (json === undefined) {
    reply.writeHead(status).end();
    return;
  }
  reply.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(json)}\n`);
}
