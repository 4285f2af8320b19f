import type { OssResponse } from './types.ts';

/** What comes of a request: an answer or none, and what then becomes of the connection it came on. */
export type Outcome =
  /** Deliver the response. `cut`: its body ends before its Content-Length; then close the connection. */
  | { readonly response: OssResponse; readonly connection: 'keep' | 'cut' }
  /** `close`: end it in silence. `reset`: tear it down at once. `hold`: leave it open and never answer. */
  | { readonly response: undefined; readonly connection: 'close' | 'reset' | 'hold' };
