/**
 * The reason by which those are told to end who wait for what has come already. Made once: an `abort()`
 * without one makes an error with a stack each time.
 */
export const ENDED: Error = new Error('it has ended');
