import { createHttpControlPlane } from '@partway/browser';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { expect, inject, onTestFinished, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { createApp } from 'vue';
import { fileOf } from '../element/upload-element-stage.ts';
import { setUp } from './page.ts';
import { startInFolder } from './page-start.ts';
import { UploadMany, UploadOne } from './react-upload.tsx';
import { uploadComponent } from './vue-upload.ts';

/** The examples of docs/guides/widgets.md, unchanged. */
const url = `${inject('uploadsUrl')}/uploads`;
const controlPlane = createHttpControlPlane(url, { headers: { authorization: 'Bearer guide' } });

test('the React component of the guide uploads a file', async () => {
  const host = makeHost();
  const root = createRoot(host);
  onTestFinished(() => root.unmount());
  root.render(createElement(UploadOne, { controlPlane }));
  await expect.poll(() => host.querySelector('input')).not.toBe(null);
  await userEvent.upload(inputIn(host), fileOf('one.bin'));
  await expect.poll(() => host.textContent).toBe('guide/one.bin is stored.');
});

test('the React component of the guide uploads many files', async () => {
  const host = makeHost();
  const root = createRoot(host);
  onTestFinished(() => root.unmount());
  root.render(createElement(UploadMany, { controlPlane }));
  await expect.poll(() => host.querySelector('input')).not.toBe(null);
  await userEvent.upload(inputIn(host), [fileOf('1.bin'), fileOf('2.bin')]);
  await expect.poll(() => host.textContent).toBe('2 of 2 files are stored.');
});

test('the Vue component of the guide uploads a file', async () => {
  const host = makeHost();
  const app = createApp(uploadComponent(controlPlane));
  onTestFinished(() => app.unmount());
  app.mount(host);
  await userEvent.upload(inputIn(host), fileOf('vue.bin'));
  await expect.poll(() => host.textContent).toBe('guide/vue.bin is stored.');
});

test('the element of the guide uploads with the session of the page', async () => {
  const element = await elementOfTheGuide();
  element.setAttribute('endpoint', url);
  setUp(element, async () => 'wei');
  element.add([fileOf('notes.txt'), fileOf('clip.srt')]);
  await expect.poll(() => element.parentElement?.querySelector('input')?.value).toBe('wei/clip.srt');
  expect(element.uploads).toHaveLength(1);
  expect(element.shadowRoot?.querySelector('[part~=choose]')?.textContent).toBe('Choose videos');
});

test('the element of the guide starts uploads with the function of the page', async () => {
  const element = await elementOfTheGuide();
  startInFolder(element, controlPlane);
  element.add([fileOf('clip.srt', 'text/plain')]);
  const object = await element.uploads[0]?.upload?.result;
  expect(object?.key).toMatch(/^guide\/\d{4}\/clip\.srt$/);
});

async function elementOfTheGuide(): Promise<HTMLElementTagNameMap['partway-upload']> {
  const path = new URL('./page.html', import.meta.url).pathname;
  const { default: html }: { default: string } = await import(/* @vite-ignore */ `${path}?raw`);
  const host = makeHost();
  host.innerHTML = html;
  const element = host.querySelector('partway-upload');
  if (element === null) throw new Error('the page has no element');
  return element;
}

function makeHost(): HTMLElement {
  const host = document.createElement('div');
  document.body.append(host);
  onTestFinished(() => host.remove());
  return host;
}

function inputIn(host: Element): HTMLInputElement {
  const input = host.querySelector('input');
  if (input === null) throw new Error('there is no input');
  return input;
}
