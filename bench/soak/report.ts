export interface SoakOptions {
  /** The seed of the file's bytes, and of all random decisions of the run. */
  readonly seed: number;
  /** The size of the file in bytes. */
  readonly size: number;
}

/** The result of a run. */
export interface Report {
  readonly figures: Readonly<Record<string, string | number>>;
  /** The claims, and whether each holds. */
  readonly claims: Readonly<Record<string, boolean>>;
}
