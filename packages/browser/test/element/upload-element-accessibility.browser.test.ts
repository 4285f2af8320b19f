import axe from 'axe-core';
import { expect, onTestFinished, test } from 'vitest';
import { userEvent } from 'vitest/browser';
import { painted } from './driven-upload.ts';
import { fileOf, place, SENDING, type Stage } from './upload-element-stage.ts';

/** Every state that is to be seen. */
const STATES: Readonly<Record<string, (stage: Stage) => Promise<unknown>>> = {
  empty: painted,
  waiting: ({ add }) => add('holiday.mp4'),
  async sending({ add, uploads }) {
    await add('holiday.mp4', 'notes.txt');
    for (const upload of uploads) upload.set(SENDING);
  },
  async paused({ add, uploads }) {
    await add('holiday.mp4');
    uploads[0]?.set({ ...SENDING, phase: 'paused' });
  },
  async completing({ add, uploads }) {
    await add('holiday.mp4');
    uploads[0]?.set({ phase: 'completing' });
  },
  async completed({ add, uploads }) {
    await add('holiday.mp4', 'notes.txt');
    for (const upload of uploads) upload.complete();
  },
  async failed({ add, uploads }) {
    await add('holiday.mp4', 'notes.txt');
    uploads[1]?.fail();
  },
  async refused({ element }) {
    element.setAttribute('accept', '.mp4');
    element.add([fileOf('notes.txt')]);
  },
  async over({ element }) {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(fileOf('holiday.mp4'));
    element.dispatchEvent(new DragEvent('dragenter', { dataTransfer }));
  },
};

const states = Object.keys(STATES).flatMap((state) =>
  (['light', 'dark'] as const).flatMap((scheme) =>
    ['en', 'zh'].map((lang): [string, string, string] => [state, scheme, lang]),
  ),
);

test.each(states)('%s, %s, in %s: axe finds no violation', async (state, scheme, lang) => {
  const stage = place({ lang });
  stage.element.style.colorScheme = scheme;
  await STATES[state]?.(stage);
  await painted();
  await settled(stage);
  const { violations, passes, incomplete } = await axe.run(stage.element);
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  expect(incomplete.map(({ id }) => id)).toEqual([]);
  expect(passes.map(({ id }) => id)).toContain('color-contrast');
});

test('axe reports a violation in a broken page', async () => {
  const { element, part, add } = place();
  await add('holiday.mp4');
  part('remove').removeAttribute('aria-label');
  part('remove').textContent = '';
  element.style.setProperty('--partway-muted', '#ccc');
  const { violations } = await axe.run(element);
  expect(new Set(violations.map(({ id }) => id))).toEqual(new Set(['button-name', 'color-contrast']));
});

test('every progress bar has an accessible name', async () => {
  const { parts, add } = place();
  await add('a', 'b');
  expect(parts('progress').map(({ ariaLabel }) => ariaLabel)).toEqual(['a', 'b', 'All files']);
});

test('Tab reaches all controls in visual order', async () => {
  const { element, root, add } = place();
  await add('a', 'b');
  const reached = [];
  (document.activeElement as HTMLElement | null)?.blur();
  for (let presses = 0; presses < 5; presses++) {
    await userEvent.tab();
    reached.push(root.activeElement?.getAttribute('aria-label') ?? root.activeElement?.textContent);
  }
  expect(reached).toEqual(['Choose files', 'Pause a', 'Remove a', 'Pause b', 'Remove b']);
  expect(document.activeElement).toBe(element);
});

test('the focus is visible', async () => {
  const { root } = place();
  (document.activeElement as HTMLElement | null)?.blur();
  await userEvent.tab();
  const focused = root.activeElement;
  if (focused === null) throw new Error('nothing has the focus');
  expect(getComputedStyle(focused)).toMatchObject({ outlineStyle: 'solid', outlineWidth: '2px' });
});

test.each(['{Enter}', ' '])('the key "%s" opens the picker', async (key) => {
  const { root, part } = place();
  const input = root.querySelector('input');
  let openings = 0;
  input?.addEventListener('click', (event) => {
    openings += 1;
    event.preventDefault();
  });
  part('choose').focus();
  await userEvent.keyboard(key);
  expect(openings).toBe(1);
});

test('Enter and Space pause, resume, retry and remove; the focus stays on the button', async () => {
  const { root, uploads, part, parts, add } = place();
  await add('a');
  part('toggle').focus();
  const labels: unknown[] = [];
  const press = async (key: string): Promise<void> => {
    await userEvent.keyboard(key);
    await painted();
    labels.push(root.activeElement?.ariaLabel);
  };
  await press(' ');
  await press('{Enter}');
  uploads[0]?.fail();
  await painted();
  labels.push(root.activeElement?.ariaLabel);
  await press('{Enter}');
  expect(labels).toEqual(['Resume a', 'Pause a', 'Try again a', 'Pause a']);
  await userEvent.tab();
  await userEvent.keyboard(' ');
  await painted();
  expect([parts('row').length, root.activeElement?.textContent]).toEqual([0, 'Choose files']);
});

test('a focused button that disappears moves the focus within its row', async () => {
  const { root, uploads, part, add } = place();
  await add('a', 'b');
  part('toggle', 1).focus();
  uploads[1]?.set({ phase: 'completing' });
  await painted();
  expect([root.activeElement?.ariaLabel, root.activeElement?.ariaDisabled]).toEqual(['Pause b', 'true']);
  await userEvent.keyboard('{Enter}');
  expect(uploads[1]?.snapshot().phase).toBe('completing');
  uploads[1]?.complete();
  await painted();
  expect(root.activeElement?.ariaLabel).toBe('Remove b');
});

test('removing a row moves the focus to the next or the previous row', async () => {
  const { root, part, add } = place();
  await add('a', 'b', 'c');
  const labels = [];
  for (const index of [1, 1, 0]) {
    part('remove', index).focus();
    await userEvent.keyboard('{Enter}');
    labels.push(root.activeElement?.ariaLabel ?? root.activeElement?.textContent);
  }
  expect(labels).toEqual(['Remove c', 'Remove a', 'Choose files']);
});

test('a row does not take the focus back from another element', async () => {
  const { element, root, part, add } = place();
  await add('a', 'b');
  part('toggle', 1).focus();
  element.uploads[0]?.upload?.pause();
  part('remove', 0).click();
  await painted();
  expect(root.activeElement?.ariaLabel).toBe('Pause b');
});

test('changes are announced politely, percentages are not', async () => {
  const stage = place();
  const announced = listen(stage);
  const { uploads, part, add } = stage;
  await add('a');
  await expect.poll(() => announced.at(-1)).toBe('1 file added.');
  for (let bytes = 1; bytes < 1000; bytes += 100) {
    uploads[0]?.set({ phase: 'sending', sentBytes: bytes });
    await painted();
  }
  part('toggle').click();
  await expect.poll(() => announced.at(-1)).toBe('a: Paused.');
  part('toggle').click();
  await expect.poll(() => announced.at(-1)).toBe('a: Uploading.');
  uploads[0]?.set({ isOffline: true });
  await expect.poll(() => announced.at(-1)).toBe('a: Offline, resumes automatically.');
  uploads[0]?.set({ isOffline: false });
  await expect.poll(() => announced.at(-1)).toBe('a: Uploading.');
  uploads[0]?.fail();
  await expect.poll(() => announced.at(-1)).toBe('a: The server rejected this file. (access_denied).');
  part('toggle').click();
  uploads[1]?.complete();
  await expect.poll(() => announced.at(-1)).toBe('a: Uploaded.');
  expect(announced).toHaveLength(7);
  expect(stage.root.querySelector('[role=status]')?.ariaLive).toBe('polite');
});

test('many files that end at once are announced as a sum', async () => {
  const stage = place();
  const announced = listen(stage);
  await stage.add('a', 'b', 'c', 'd', 'e');
  await expect.poll(() => announced.at(-1)).toBe('5 files added.');
  for (const upload of stage.uploads) upload.complete();
  await expect.poll(() => announced.at(-1)).toBe('5 of 5 files uploaded');
});

test('a repeated text is announced again', async () => {
  const stage = place({ 'max-files': '1' });
  const announced = listen(stage);
  await stage.add('a', 'b');
  stage.uploads[0]?.complete();
  await expect.poll(() => announced.length).toBe(1);
  for (const count of [2, 3]) {
    await stage.add('c');
    await expect.poll(() => announced.length).toBe(count);
  }
  expect(new Set(announced.slice(1).map((text) => text.trim())).size).toBe(1);
});

/** The announcements to a screen reader, in order. */
function listen({ root }: Stage): string[] {
  const announced: string[] = [];
  const region = root.querySelector('[role=status]');
  if (region === null) throw new Error('there is no status');
  const observer = new MutationObserver(() => announced.push(region.textContent));
  observer.observe(region, { childList: true, characterData: true, subtree: true });
  onTestFinished(() => observer.disconnect());
  return announced;
}

const LONG = `${'a-very-long-name-without-any-space-'.repeat(6)}.mp4`;

test.each([
  ['320 px wide', 320, '100%'],
  ['320 px wide with text of twice the size', 320, '200%'],
])('%s no text is cut off', async (_, width, size) => {
  const { element, root, uploads, add } = place();
  element.style.width = `${width}px`;
  element.style.setProperty(
    '--partway-font',
    `calc(0.9375rem * ${Number.parseInt(size, 10) / 100})/1.45 sans-serif`,
  );
  await add(LONG, 'b');
  uploads[0]?.set({ ...SENDING, bytesPerSecond: 12_345_678, remainingMs: 3_000_000 });
  uploads[1]?.fail();
  await painted();
  const edge = element.getBoundingClientRect().right;
  const beyond = [...root.querySelectorAll('[part]:not([part=announcer])')].filter(
    (node) =>
      node.getBoundingClientRect().right > edge + 0.5 || node.scrollWidth > Math.ceil(node.clientWidth) + 1,
  );
  expect(beyond.filter((node) => getComputedStyle(node).display !== 'inline')).toEqual([]);
});

test('buttons are large enough for a finger', async () => {
  const { parts, add } = place();
  await add('a');
  for (const button of parts('button'))
    expect(button.getBoundingClientRect().height).toBeGreaterThanOrEqual(24);
});

/** Colours change over time, and axe would measure one on the way. */
async function settled({ root }: Stage): Promise<void> {
  await Promise.allSettled(root.getAnimations().map(({ finished }) => finished));
}
