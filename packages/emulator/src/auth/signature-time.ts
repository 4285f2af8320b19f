/** Milliseconds since the epoch of `yyyymmddTHHMMSSZ`; `undefined` for any other text and for 30 February. */
export function parseBasicIso(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const at = Date.parse(iso);
  return Number.isNaN(at) || new Date(at).toISOString() !== iso ? undefined : at;
}

/** `yyyymmddTHHMMSSZ` of an instant in ms since the epoch. */
export function basicIso(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** Milliseconds since the epoch of `Thu, 20 Jun 2024 08:09:10 GMT`; `undefined` for any other text. */
export function parseHttpDate(text: string): number | undefined {
  const at = Date.parse(text);
  return Number.isNaN(at) || new Date(at).toUTCString() !== text ? undefined : at;
}
