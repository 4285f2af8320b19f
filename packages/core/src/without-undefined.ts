/** The same record without `undefined` values. */
export function withoutUndefined<T extends object>(
  record: T,
): { readonly [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const defined = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as { [Name in keyof T]?: Exclude<T[Name], undefined> };
}
