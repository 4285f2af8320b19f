/** Whoever names a key or a file must not command this terminal. */
export function printable(name: string): string {
  return name.replaceAll(/\p{Cc}/gu, (character) => encodeURIComponent(character));
}
