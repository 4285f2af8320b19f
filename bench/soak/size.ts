export const MIB: number = 1024 ** 2;

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['MiB', MIB],
  ['GiB', 1024 ** 3],
]);

/** Parses `2GiB`, `64MiB` or a number of bytes. */
export function parseSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)(.*)$/.exec(text) ?? [];
  const factor = UNITS.get(unit);
  if (digits !== '' && factor !== undefined) return Number(digits) * factor;
  throw new TypeError(`--size must be bytes, or a number with MiB or GiB, got ${text}`);
}

export function formatMebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

export function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}
