import { expect, onTestFinished, test } from 'vitest';
import { createAmountFormatter } from '../../src/element/amount-formatter.ts';
import { applyLimits, matchesAccept, toSelectedFiles } from '../../src/element/drop-zone.ts';
import { FAILURE_KINDS, failureKind } from '../../src/element/failures.ts';
import { ENGLISH } from '../../src/element/texts/en.ts';
import { CHINESE } from '../../src/element/texts/zh.ts';
import { painted } from './driven-upload.ts';
import { place, SENDING } from './upload-element-stage.ts';

test('accept filters files like a file input', () => {
  const png = { name: 'A.PNG', type: 'image/png' };
  const text = { name: 'notes.txt', type: 'text/plain;charset=utf-8' };
  const nameless = { name: 'README', type: '' };
  const table: [string, boolean[]][] = [
    ['', [true, true, true]],
    [' , ', [true, true, true]],
    ['*/*', [true, true, true]],
    ['.png', [true, false, false]],
    ['image/*', [true, false, false]],
    ['IMAGE/PNG, text/plain', [true, true, false]],
    ['.txt,video/*', [false, true, false]],
    ['text/*', [false, true, false]],
  ];
  expect(table.map(([accept]) => [png, text, nameless].map((file) => matchesAccept(accept, file)))).toEqual(
    table.map(([, fits]) => fits),
  );
});

test('a refusal names the first few files, and for a folder the remedy', () => {
  const files = Array.from({ length: 9 }, (_, index) => new File([], `${index}.txt`));
  const limits = { isMultiple: true, accept: '.mp4', filesMax: 100 };
  const { allowed, notice } = applyLimits(
    { files: toSelectedFiles(files), hasFolder: true },
    limits,
    0,
    ENGLISH,
  );
  expect(allowed).toEqual([]);
  expect(notice).toBe(
    `${ENGLISH.foldersNotAccepted} ${ENGLISH.typeNotAccepted(['0.txt', '1.txt', '2.txt', '3.txt', '4.txt', '…'])}`,
  );
});

test('sizes and times are formatted with three digits in the language of the page', () => {
  const { size, speed, time, percent } = createAmountFormatter('en');
  expect([0, 999, 1000, 999_499, 999_500, 12_345_678, 5e9, 5e15].map(size)).toEqual([
    '0 byte',
    '999 byte',
    '1 kB',
    '999 kB',
    '1 MB',
    '12.3 MB',
    '5 GB',
    '5,000 TB',
  ]);
  expect(speed(2_500_000)).toBe('2.5 MB/s');
  expect([0, 1, 60_000, 60_001, 3_600_001, 172_800_001].map(time)).toEqual([
    '1 sec',
    '1 sec',
    '60 sec',
    '2 min',
    '2 hr',
    '3 days',
  ]);
  expect([0, 0.999, 1, 2].map(percent)).toEqual(['0%', '99%', '100%', '100%']);
  expect([-1, 59_999, 60_000, 7_199_999, 86_400_000].map(createAmountFormatter('en').age)).toEqual([
    'this minute',
    'this minute',
    '1 minute ago',
    '1 hour ago',
    'yesterday',
  ]);
  expect(createAmountFormatter('zh').time(90_000)).toBe('2分钟');
  expect(createAmountFormatter('no such language').size(1000)).toBe('1 kB');
});

test('the nearest lang attribute decides the language', async () => {
  const box = document.createElement('div');
  box.lang = 'zh-CN';
  document.body.append(box);
  onTestFinished(() => box.remove());
  const { element, root, part } = place();
  expect(part('choose').textContent).toBe('Choose files');
  element.lang = 'zh';
  expect(part('choose').textContent).toBe('选择文件');
  element.removeAttribute('lang');
  box.append(element);
  expect(part('choose').textContent).toBe('选择文件');
  expect(root.querySelector('[lang]')?.getAttribute('lang')).toBe('zh-CN');
  const shadow = box.attachShadow({ mode: 'open' });
  shadow.append(element);
  expect(part('choose').textContent).toBe('选择文件');
  element.lang = 'fr';
  expect([part('choose').textContent, part('panel').lang]).toEqual(['Choose files', 'en']);
});

test('a row in Chinese has the expected texts', async () => {
  const { uploads, part, add } = place({ lang: 'zh' });
  await add('a', 'b');
  uploads[0]?.set(SENDING);
  uploads[1]?.fail();
  await painted();
  await painted();
  expect(part('status').textContent).toMatch(/^上传中 · 41% · 200.*秒 · 剩余 3\s?秒/);
  expect(part('toggle').ariaLabel).toBe('暂停 a');
  expect(part('status', 1).textContent).toContain('服务器不接受此文件');
  expect(part('summary').textContent).toContain('1 个失败');
});

test('replaced texts apply to existing rows and are exposed to the page', async () => {
  const { element, uploads, part, add } = place({ lang: 'fr' });
  await add('a');
  element.texts = {
    pause: 'Suspendre',
    buttonLabel: (action, name) => `${action} « ${name} »`,
    remove: 'Retirer',
  };
  expect([part('toggle').textContent, part('toggle').ariaLabel]).toEqual(['Suspendre', 'Suspendre « a »']);
  expect(part('panel').lang).toBe('fr');
  element.texts = { ...element.texts, failure: ({ code }) => `Raté : ${code}` };
  uploads[0]?.fail();
  await painted();
  expect(part('status').textContent).toBe('Raté : access_denied');
});

test('every kind of failure has its own text in both languages', () => {
  const kinds = new Set(Object.values(FAILURE_KINDS));
  for (const { failure } of [ENGLISH, CHINESE]) {
    const words = Object.keys(FAILURE_KINDS).map((code) =>
      failure(JSON.parse(JSON.stringify({ code }))).replace(/ ?[(（]\w+[)）]$/, ''),
    );
    expect(new Set(words).size).toBe(kinds.size);
    expect(words.every((text) => text.length > 3)).toBe(true);
  }
  expect(failureKind(JSON.parse('"of tomorrow"'))).toBe('defect');
});

test('both languages have the same keys, and no empty text', () => {
  expect(Object.keys(CHINESE)).toEqual(Object.keys(ENGLISH));
  expect(Object.values({ ...ENGLISH, ...CHINESE }).filter((text) => text === '')).toEqual([]);
});

test('a file name is rendered as text, markup included', async () => {
  const { root, part, add } = place();
  const name = '<img src=x onerror=alert(1)>\u202e4pm.exe';
  await add(name);
  expect(part('name').textContent).toBe(name);
  expect(root.querySelector('img')).toBe(null);
});
