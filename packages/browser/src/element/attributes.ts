import type { FileLimits } from './drop-zone.ts';

/** What an element's attributes ask for. A number that is none, or out of bounds, counts as not given. */
export interface UploadAttributes {
  readonly endpoint: string;
  readonly limits: FileLimits;
  /** Requests in flight, of all files together. */
  readonly concurrency: number | 'auto';
  /** Whether uploads are remembered, for a later page to go on with. */
  readonly isResumable: boolean;
}

export const WATCHED_ATTRIBUTES: readonly string[] = [
  'accept',
  'concurrency',
  'endpoint',
  'lang',
  'max-files',
  'multiple',
  'resumable',
];

export function readAttributes(element: Element): UploadAttributes {
  const isMultiple = element.hasAttribute('multiple');
  return {
    endpoint: element.getAttribute('endpoint') ?? '/uploads',
    limits: {
      isMultiple,
      accept: element.getAttribute('accept') ?? '',
      filesMax: isMultiple ? (readCount(element, 'max-files', 1000) ?? 100) : 1,
    },
    concurrency: readCount(element, 'concurrency', 256) ?? 'auto',
    isResumable: element.getAttribute('resumable') !== 'off',
  };
}

function readCount(element: Element, name: string, max: number): number | undefined {
  const count = Number(element.getAttribute(name) ?? '');
  return Number.isInteger(count) && count >= 1 && count <= max ? count : undefined;
}
