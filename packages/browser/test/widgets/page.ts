import { defineUploadElement, type PartwayUploadElement } from '@partway/browser/element';

defineUploadElement();

/** The code of a page for its element: the session, the keys of files, and event listeners. */
export function setUp(element: PartwayUploadElement, session: () => Promise<string>): void {
  element.headers = async () => ({ authorization: `Bearer ${await session()}` });
  element.texts = { choose: () => 'Choose videos' };
  element.addEventListener('partway-completed', ({ detail: { file, object } }) => {
    const field = document.createElement('input');
    Object.assign(field, { type: 'hidden', name: file.name, value: object.key });
    element.after(field);
  });
}
