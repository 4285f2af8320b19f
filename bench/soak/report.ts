export interface SoakOptions {
  /** Of the file's bytes, and of every chance this side draws. */
  readonly seed: number;
  /** Of the file, in bytes. */
  readonly size: number;
}

/** The result of a run. */
export interface Report {
  readonly figures: Readonly<Record<string, string | number>>;
  /** The claims, and whether each holds. */
  readonly claims: Readonly<Record<string, boolean>>;
}
