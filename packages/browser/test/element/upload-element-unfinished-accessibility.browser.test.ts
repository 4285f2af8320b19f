import axe from 'axe-core';
import { expect, onTestFinished, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { painted } from './driven-upload.ts';
import { endpoint, headers, leaveUnfinished } from './unfinished-stage.ts';
import { place, type Stage } from './upload-element-stage.ts';

/** An element that lists unfinished uploads, and the announcements to a screen reader. */
async function placeWithUnfinished(
  name: string,
  lang = 'en',
): Promise<Stage & { readonly announced: readonly string[] }> {
  const { checkpoints } = await leaveUnfinished(name);
  const stage = place({ endpoint, lang });
  const announced: string[] = [];
  const region = stage.root.querySelector('[role=status]');
  const observer = new MutationObserver(() => announced.push(region?.textContent ?? ''));
  if (region !== null) observer.observe(region, { childList: true });
  onTestFinished(() => observer.disconnect());
  stage.element.headers = headers;
  stage.element.checkpoints = checkpoints;
  await expect.poll(() => stage.parts('row-unfinished')).toHaveLength(1);
  return { ...stage, announced };
}

const looks = (['light', 'dark'] as const).flatMap((scheme) =>
  ['en', 'zh'].flatMap((lang) =>
    [false, true].map((isFailed): [string, string, boolean] => [scheme, lang, isFailed]),
  ),
);

test.each(looks)(
  'unfinished, %s, in %s, refused: %s: axe finds no violation',
  async (scheme, lang, isFailed) => {
    const { element, root, part, parts, add } = await placeWithUnfinished(
      `${scheme}-${lang}-${isFailed}.bin`,
      lang,
    );
    element.style.colorScheme = scheme;
    await add('holiday.mp4');
    if (isFailed) {
      element.headers = {};
      part('remove').click();
      await expect.poll(() => parts('status-failed')).toHaveLength(1);
    }
    await painted();
    await Promise.allSettled(root.getAnimations().map(({ finished }) => finished));
    const { violations, passes, incomplete } = await axe.run(element);
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(incomplete.map(({ id }) => id)).toEqual([]);
    expect(passes.map(({ id }) => id)).toContain('color-contrast');
  },
);

test('unfinished uploads in Chinese have the expected texts', async () => {
  const { part } = await placeWithUnfinished('chinese.bin', 'zh');
  expect([part('unfinished-title').textContent, part('resume').textContent]).toEqual([
    '未完成的上传',
    '重新选择文件',
  ]);
  expect(part('status').textContent).toBe('102 kB / 307 kB · 开始于此刻');
});

test('unfinished uploads and failed actions on them are announced politely', async () => {
  const { element, part, announced } = await placeWithUnfinished('announced.bin');
  await expect.poll(() => announced.at(-1)).toBe('1 unfinished upload.');
  element.headers = {};
  part('remove').click();
  await expect
    .poll(() => announced.at(-1))
    .toBe('announced.bin: Sign in again, then try again. (unauthenticated).');
});

test('Tab reaches unfinished uploads between the drop zone and the files', async () => {
  const { root, add } = await placeWithUnfinished('tab.bin');
  await add('a');
  (document.activeElement as HTMLElement | null)?.blur();
  const reached = [];
  for (let presses = 0; presses < 5; presses++) {
    await userEvent.tab();
    reached.push(root.activeElement?.getAttribute('aria-label') ?? root.activeElement?.textContent);
  }
  const unfinished = ['Choose file again tab.bin', 'Remove tab.bin'];
  expect(reached).toEqual(['Choose files', ...unfinished, 'Pause a', 'Remove a']);
});
