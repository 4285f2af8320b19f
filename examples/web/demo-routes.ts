import type { ObjectStore } from '@partway/core/ports';
import type { FaultSwitches } from './fault-switches.ts';

/** Routes that only a demo has: they switch faults and read stored checksums. */
export interface DemoRoutesOptions {
  readonly switches: FaultSwitches;
  readonly store: Pick<ObjectStore, 'head'>;
}

/**
 * `GET /demo/faults` returns the active faults, `POST` with `{ name, isOn }` switches one, and `DELETE` switches
 * all off. `GET /demo/crc64?key=…` returns OSS's CRC64 of an object.
 */
export function createDemoRoutes({
  switches,
  store,
}: DemoRoutesOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/demo/crc64' && request.method === 'GET') {
      const head = await store.head({ key: searchParams.get('key') ?? '' });
      return Response.json({ crc64: head?.crc64 ?? null });
    }
    if (pathname !== '/demo/faults') return new Response(null, { status: 404 });
    if (request.method === 'DELETE') switches.clear();
    if (request.method === 'POST') {
      const refusal = await change(switches, request);
      if (refusal !== undefined) return refusal;
    }
    return Response.json(switches.states());
  };
}

/** A page of another origin cannot send this type without a preflight, which the server does not accept. */
async function change(switches: FaultSwitches, request: Request): Promise<Response | undefined> {
  if (request.headers.get('content-type') !== 'application/json') return new Response(null, { status: 415 });
  const body: unknown = await request.json().catch(() => undefined);
  const { name, isOn } = { ...(typeof body === 'object' ? body : {}) } as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || typeof isOn !== 'boolean') return new Response(null, { status: 400 });
  try {
    switches.set(name, isOn);
    return undefined;
  } catch (reason) {
    if (!(reason instanceof RangeError)) throw reason;
    return new Response(reason.message, { status: 404 });
  }
}
