import { defineUploadElement, type PartwayUploadElement } from '@partway/browser/element';
import { onTestFinished } from 'vitest';
import { type DrivenUpload, driveUpload, painted } from './driven-upload.ts';

/** An element in the page, with uploads driven by the test. */
export interface Stage {
  readonly element: PartwayUploadElement;
  readonly root: ShadowRoot;
  /** In starting order, retries included. */
  readonly uploads: DrivenUpload[];
  /** The element with this part name, the first one by default. */
  part(name: string, index?: number): HTMLElement;
  parts(name: string): HTMLElement[];
  add(...names: string[]): Promise<void>;
}

export function place(attributes: Readonly<Record<string, string>> = {}): Stage {
  defineUploadElement();
  const element = document.createElement('partway-upload');
  for (const [name, value] of Object.entries({ lang: 'en', multiple: '', ...attributes }))
    element.setAttribute(name, value);
  const uploads: DrivenUpload[] = [];
  element.start = (file) => {
    const upload = driveUpload(file.size);
    uploads.push(upload);
    return upload;
  };
  document.body.append(element);
  onTestFinished(() => element.remove());
  const root = element.shadowRoot;
  if (root === null) throw new Error('the element has no shadow root');
  const parts = (name: string): HTMLElement[] => [
    ...root.querySelectorAll<HTMLElement>(`[part~="${name}"]:not([hidden])`),
  ];
  return {
    ...{ element, root, uploads, parts },
    part(name, index = 0) {
      const found = parts(name)[index];
      if (found === undefined) throw new Error(`there are ${parts(name).length} parts ${name}`);
      return found;
    },
    async add(...names) {
      element.add(names.map((name) => fileOf(name)));
      await painted();
    },
  };
}

/** A file of 1000 bytes. */
export function fileOf(name: string, type = ''): File {
  return new File([new Uint8Array(1000)], name, { type });
}

export const SENDING = { phase: 'sending', sentBytes: 410, bytesPerSecond: 200, remainingMs: 2950 } as const;
