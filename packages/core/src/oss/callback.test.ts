import { expect, test } from 'vitest';
import { callbackHeaders, callbackQuery, parseCallback } from '../callback.ts';
import { type CallbackOptions, callback } from './callback.ts';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are OSS's variables.

const OPTIONS: CallbackOptions = { url: 'https://app.example.com/done', body: 'key=${object}' };

function read(base64: string | undefined): unknown {
  return JSON.parse(Buffer.from(base64 ?? '', 'base64').toString());
}

test('callback returns the JSON for OSS in base64', () => {
  const created = callback({
    url: ['https://app.example.com/döne?a=1', 'http://8.8.8.8:8080'],
    host: 'app.example.com',
    body: '{"key":${object},"user":${x:user}}',
    bodyType: 'application/json',
    vars: { user: '魏' },
    sni: true,
  });
  expect(read(created.callback)).toEqual({
    callbackUrl: 'https://app.example.com/d%C3%B6ne?a=1;http://8.8.8.8:8080/',
    callbackHost: 'app.example.com',
    callbackBody: '{"key":${object},"user":${x:user}}',
    callbackBodyType: 'application/json',
    callbackSNI: true,
  });
  expect(read(created.callbackVar)).toEqual({ 'x:user': '魏' });
});

test('omitted options are not in the JSON', () => {
  const created = callback(OPTIONS);
  expect(read(created.callback)).toEqual({
    callbackUrl: 'https://app.example.com/done',
    callbackBody: 'key=${object}',
    callbackBodyType: 'application/x-www-form-urlencoded',
  });
  expect(created.callbackVar).toBeUndefined();
});

test('a callback becomes headers or query parameters', () => {
  const { callback: text, callbackVar } = callback({ ...OPTIONS, vars: { a: '1' } });
  const both = { callback: text, callbackVar };
  expect(callbackHeaders(both)).toEqual({ 'x-oss-callback': text, 'x-oss-callback-var': callbackVar });
  expect(callbackQuery(both)).toEqual({ callback: text, 'callback-var': callbackVar });
  expect(callbackHeaders({ callback: text })).toEqual({ 'x-oss-callback': text });
  expect(callbackHeaders(undefined)).toEqual({});
});

test.each<[string, Partial<CallbackOptions>]>([
  ['url', { url: [] }],
  ['url', { url: Array.from({ length: 6 }, () => 'https://a.example') }],
  ['url', { url: 'app.example.com/done' }],
  ['url', { url: 'ftp://a.example/' }],
  ['url', { url: 'https://user:pass@a.example/' }],
  ['url', { url: 'https://a.example/#x' }],
  ['url', { url: 'https://a.example/a;b' }],
  ['url', { url: 'https://a.example/\ud800' }],
  ['host', { host: 'a b' }],
  ['host', { host: 'a\r\nX: y' }],
  ['body', { body: '' }],
  ['body', { body: 'a=${x:missing}' }],
  ['body', { body: 'a=${x:toString}' }],
  ['body', { body: '{"key":"${object}"}', bodyType: 'application/json' }],
  ['bodyType', { bodyType: 'text/plain' as 'application/json' }],
  ['vars', { vars: { 'x:a': '1' } }],
  ['vars', { vars: { A: '1' } }],
  ['vars', { vars: { '': '1' } }],
  ['vars', { vars: { a: 1 as unknown as string } }],
  ['sni', { sni: 'yes' as unknown as boolean }],
  ['callback', { body: 'x'.repeat(3900) }],
  ['vars', { vars: { a: 'x'.repeat(3900) } }],
])('a wrong %s is refused by its name: %j', (option, wrong) => {
  const mistake = (): unknown => callback({ ...OPTIONS, ...wrong });
  expect(mistake).toThrow(option);
  expect(mistake).not.toThrow(/pass@|ssss/);
});

test('5 KiB of base64 are accepted', () => {
  const length = callback({ ...OPTIONS, body: 'x'.repeat(3000) }).callback.length;
  const most = callback({ ...OPTIONS, body: 'x'.repeat(3000 + ((5120 - length) / 4) * 3) });
  expect(most.callback.length).toBe(5120);
});

test.each([
  'http://localhost:3000/',
  'http://app.localhost/',
  'http://LOCALHOST./',
  'http://127.0.0.1/',
  'http://127.1/',
  'http://0x7f000001/',
  'http://2130706433/',
  'http://0.0.0.0/',
  'http://10.0.0.1/',
  'http://100.64.0.1/',
  'http://169.254.169.254/',
  'http://172.31.0.1/',
  'http://192.168.1.1/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'http://[::1]/',
  'http://[::]/',
  'http://[::ffff:10.0.0.1]/',
  'http://[fd00::1]/',
  'http://[fe80::1]/',
])('the private address %s is rejected without allowPrivateAddresses', (url) => {
  expect(() => callback({ ...OPTIONS, url })).toThrow(/^url must not point to this machine/);
  const { callback: created } = callback({ ...OPTIONS, url, allowPrivateAddresses: true });
  expect(read(created)).toMatchObject({ callbackUrl: new URL(url).href });
});

test.each(['http://10.example.com/', 'http://100.128.0.1/', 'http://172.32.0.1/', 'http://[2400:3200::1]/'])(
  'the public address %s is accepted',
  (url) => {
    expect(read(callback({ ...OPTIONS, url }).callback)).toMatchObject({ callbackUrl: url });
  },
);

test.each([
  undefined,
  null,
  'text',
  {},
  { callback: '' },
  { callback: 'a b' },
  { callback: 'YQ==', callbackVar: 1 },
])('a value that callback() did not create is rejected: %j', (value) => {
  expect(() => parseCallback(value)).toThrow(/^callback must be created by callback/);
});

test('other properties of the object are dropped', () => {
  expect(parseCallback({ callback: 'YQ==', secret: 1 })).toEqual({ callback: 'YQ==' });
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are OSS's variables.
