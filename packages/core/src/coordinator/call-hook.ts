import { UploadError } from '../errors.ts';

/**
 * Asks something of the service that the coordinator is part of. What it throws may pass, since its database
 * or its session store may be away for a moment, and is no reason to give an upload up. The client is told no
 * more than that; the log finds the cause.
 */
export async function callHook<T>(what: string, ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof UploadError) throw cause;
    throw new UploadError({
      code: 'server_error',
      message: `the service behind the coordinator failed (${what})`,
      disposition: 'transient',
      cause,
    });
  }
}
