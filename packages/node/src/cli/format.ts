import type { UploadError } from '@partway/core';

/** An age in its largest unit: `45 s`, `30 min`, `12 h` or `7 d`. */
export function formatAge(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** Escapes control characters: the name of a key or file must not control the terminal. */
export function escapeControls(name: string): string {
  return name.replaceAll(/\p{Cc}/gu, (character) => encodeURIComponent(character));
}

/** The fields of an error in the output of `--json`. */
export function errorFields({ code, message, hint, context }: UploadError): object {
  return { code, message, hint, context };
}
