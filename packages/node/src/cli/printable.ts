/** Escapes control characters: the name of a key or file must not control the terminal. */
export function printable(name: string): string {
  return name.replaceAll(/\p{Cc}/gu, (character) => encodeURIComponent(character));
}
