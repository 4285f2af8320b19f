import { type ControlPlane, createFetchTransport } from '@partway/browser';
import type { PartwayUploadElement } from '@partway/browser/element';

/** For options without an attribute: `uploader` is the budget that all files of the element share. */
export function startInFolder(element: PartwayUploadElement, controlPlane: ControlPlane): void {
  element.start = (file, uploader) =>
    uploader.uploadFile(file, {
      controlPlane,
      transport: createFetchTransport(),
      key: `${new Date().getFullYear()}/${file.name}`,
      contentType: file.type,
      forbidOverwrite: true,
    });
}
