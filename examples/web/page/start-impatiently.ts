import type { PartwayUploadElement } from '@partway/browser/element';

/** As the element would begin uploads itself, but for the patience: a demonstration has no minute to wait. */
export function startImpatiently(element: PartwayUploadElement): void {
  element.start = (file, uploader) =>
    uploader.uploadFile(file, {
      controlPlane: element.controlPlane,
      key: file.name,
      contentType: file.type || undefined,
      stall: { idleMs: 8000, responseMs: 8000 },
    });
}
