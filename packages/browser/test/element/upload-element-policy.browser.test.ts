import type { PartwayUploadElement } from '@partway/browser/element';
import { expect, onTestFinished, test } from 'vitest';
import { driveUpload, painted } from './driven-upload.ts';
import { fileOf } from './upload-element-stage.ts';

const POLICY = `default-src 'none'; script-src ${location.origin}; require-trusted-types-for 'script'`;

test('the element works under a policy without inline styles and scripts and with trusted types', async () => {
  const { page, violations } = await openPage();
  const element = page.createElement('partway-upload') as PartwayUploadElement;
  const upload = driveUpload();
  element.start = () => upload;
  page.body.append(element);
  element.add([fileOf('a')]);
  upload.complete();
  await painted();
  const row = element.shadowRoot?.querySelector('[part~=row]');
  expect(row?.textContent).toContain('Uploaded');
  expect(row === null || row === undefined ? '' : getComputedStyle(row).display).toBe('flex');
  expect(violations).toEqual([]);
  // The policy is in force.
  row?.setAttribute('style', 'color: red');
  await expect.poll(() => violations).toEqual(['style-src-attr']);
});

async function openPage(): Promise<{ readonly page: Document; readonly violations: string[] }> {
  const frame = document.createElement('iframe');
  const script = new URL('./define-upload-element.ts', import.meta.url).pathname;
  frame.srcdoc = `<!doctype html><html lang="en"><meta http-equiv="Content-Security-Policy" content="${POLICY}">
    <script type="module" src="${script}"></script></html>`;
  document.body.append(frame);
  onTestFinished(() => frame.remove());
  await new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  const page = frame.contentDocument;
  if (page === null) throw new Error('the frame has no document');
  const violations: string[] = [];
  page.addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
  return { page, violations };
}
