import type { PartwayUploadElement } from '@partway/browser/element';

/** Starts uploads like the element, but with short stall limits: a demo has no minute to wait. */
export function startWithShortStalls(element: PartwayUploadElement): void {
  element.start = (file, uploader) =>
    uploader.uploadFile(file, {
      controlPlane: element.controlPlane,
      key: file.name,
      contentType: file.type || undefined,
      stall: { idleMs: 8000, responseMs: 8000 },
    });
}
