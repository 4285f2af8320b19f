import type { FileLimits } from './drop-zone.ts';

/** The attributes of an element with their defaults. A number that is invalid or out of bounds is ignored. */
export interface UploadAttributes {
  readonly endpoint: string;
  readonly limits: FileLimits;
  /** Concurrent requests of all files together. */
  readonly concurrency: number | 'auto';
  /** Whether unfinished uploads are stored, so that they can be resumed after a reload. */
  readonly isResumable: boolean;
}

export const OBSERVED_ATTRIBUTES: readonly string[] = [
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
