import type { ObjectStore } from '@partway/core/ports';
import type { Misbehaving } from './misbehave.ts';

/** What only a demonstration has: a way to make OSS err, and to see what it holds. */
export interface DemoRoutesOptions {
  readonly misbehaving: Misbehaving;
  readonly store: Pick<ObjectStore, 'head'>;
}

/**
 * `GET /demo/misbehaviours` tells what is in force, `POST` with `{ name, isOn }` changes it, and `DELETE` ends
 * all of it. `GET /demo/crc64?key=…` asks OSS for the CRC64 of an object.
 */
export function createDemoRoutes({
  misbehaving,
  store,
}: DemoRoutesOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/demo/crc64' && request.method === 'GET') {
      const head = await store.head({ key: searchParams.get('key') ?? '' });
      return Response.json({ crc64: head?.crc64 ?? null });
    }
    if (pathname !== '/demo/misbehaviours') return new Response(null, { status: 404 });
    if (request.method === 'DELETE') misbehaving.clear();
    if (request.method === 'POST') {
      const refusal = await change(misbehaving, request);
      if (refusal !== undefined) return refusal;
    }
    return Response.json(misbehaving.states());
  };
}

/** A page of another origin cannot send this type without being asked first, and nobody answers that. */
async function change(misbehaving: Misbehaving, request: Request): Promise<Response | undefined> {
  if (request.headers.get('content-type') !== 'application/json') return new Response(null, { status: 415 });
  const asked: unknown = await request.json().catch(() => undefined);
  const { name, isOn } = { ...(typeof asked === 'object' ? asked : {}) } as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || typeof isOn !== 'boolean') return new Response(null, { status: 400 });
  try {
    misbehaving.set(name, isOn);
    return undefined;
  } catch (reason) {
    if (!(reason instanceof RangeError)) throw reason;
    return new Response(reason.message, { status: 404 });
  }
}
