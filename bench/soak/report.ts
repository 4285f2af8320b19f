export interface SoakOptions {
  /** Of the file's bytes, and of every chance this side draws. */
  readonly seed: number;
  /** Of the file, in bytes. */
  readonly size: number;
}

/** What a run found. */
export interface Report {
  readonly figures: Readonly<Record<string, string | number>>;
  /** What must be true, in words, and whether it is. */
  readonly claims: Readonly<Record<string, boolean>>;
}
