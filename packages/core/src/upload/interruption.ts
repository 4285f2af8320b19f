/** For what must run to its end even when the caller has stopped the upload. */
export const UNINTERRUPTED: AbortSignal = new AbortController().signal;

/** The reason by which a pause stops the walk. It never reaches the caller. */
export const PAUSED: Error = new Error('the upload is paused');
