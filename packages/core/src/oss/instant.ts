/**
 * The three ways in which OSS writes an instant. `Date` with an argument is a pure function; what core must
 * not do is ask it for the time.
 */
// biome-ignore lint/style/noRestrictedGlobals: never called without an argument.
const Calendar = Date;

/** A `Date`, or milliseconds since the epoch. */
export type Instant = number | { getTime(): number };

export function millisecondsOf(at: Instant): number {
  return typeof at === 'number' ? at : at.getTime();
}

/** The form of `x-oss-date`: `20240620T080910Z`. */
export function toBasicIso(at: number): string {
  return `${new Calendar(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** Reads an HTTP date or an ISO date. `undefined` for anything else. */
export function parseInstant(text: string | undefined): number | undefined {
  const at = text === undefined ? Number.NaN : Calendar.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
