import { defineUploadElement, type PartwayUploadElement } from '@partway/browser/element';

defineUploadElement();

/** What a page adds to the element it has: who asks, where files go, and what happens then. */
export function setUp(element: PartwayUploadElement, session: () => Promise<string>): void {
  element.headers = async () => ({ authorization: `Bearer ${await session()}` });
  element.texts = { choose: () => 'Choose videos' };
  element.addEventListener('partway-completed', ({ detail: { file, object } }) => {
    const field = document.createElement('input');
    Object.assign(field, { type: 'hidden', name: file.name, value: object.key });
    element.after(field);
  });
}
