import { refusedCallback } from './refused-callback.ts';

/** The values in a body of either type that OSS sends. */
export function readCallbackBody(body: Uint8Array, contentType: string): Readonly<Record<string, unknown>> {
  const text = decoded(body);
  return /^application\/json\b/i.test(contentType) ? jsonValues(text) : formValues(text);
}

function decoded(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw refusedCallback('has a body that is no UTF-8');
  }
}

function jsonValues(text: string): Readonly<Record<string, unknown>> {
  const value = parsed(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw refusedCallback('has a body that is no JSON object');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A name given twice would let one reader see what another does not. */
function formValues(text: string): Readonly<Record<string, unknown>> {
  const pairs = [...new URLSearchParams(text)];
  if (new Set(pairs.map(([name]) => name)).size === pairs.length) return Object.fromEntries(pairs);
  throw refusedCallback('has a body that gives a name twice');
}
