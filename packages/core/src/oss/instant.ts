/**
 * The three forms in which OSS writes an instant. `Date` with an argument is a pure function; core must only
 * not read the current time from it.
 */
// biome-ignore lint/style/noRestrictedGlobals: never called without an argument.
const Calendar = Date;

/** A `Date`, or milliseconds since the epoch. */
export type Instant = number | DateLike;

/** A `Date`. */
export interface DateLike {
  /** Milliseconds since the epoch. */
  getTime(): number;
}

export function toMilliseconds(at: Instant): number {
  return typeof at === 'number' ? at : at.getTime();
}

/** Writes the form of `x-oss-date`: `20240620T080910Z`. */
export function toBasicIso(at: number): string {
  return `${new Calendar(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** Reads an HTTP date or an ISO date. `undefined` for anything else. */
export function parseInstant(text: string | undefined): number | undefined {
  const at = text === undefined ? Number.NaN : Calendar.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
