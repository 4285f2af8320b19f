/**
 * For what must run to its end even when the caller has stopped the upload. Each time another signal: Node
 * warns of one that dozens listen to.
 */
export function uninterrupted(): AbortSignal {
  return new AbortController().signal;
}

/** The reason by which a pause stops the walk. It never reaches the caller. */
export const PAUSED: Error = new Error('the upload is paused');
