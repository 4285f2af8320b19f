/** A time as OSS's XML writes it: whole seconds, with the milliseconds spelled as zeros. */
export function isoDate(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString();
}
