import { createBlobSource, createFetchTransport, createXhrTransport } from '@partway/browser';
import { UploadError } from '@partway/core';
import type { PartBody, Transport } from '@partway/core/ports';
import type { ScriptedResponse } from '@partway/core/testing';
import { describe, expect, inject, test } from 'vitest';
import { createBlobSourceWithChecksums } from '../../src/blob-source.ts';
import { remoteScriptedServer } from '../stages/remote-scripted-server.ts';

const server = remoteScriptedServer(inject('scriptsUrl'));
const OK: ScriptedResponse = { behaviour: 'respond', status: 200, headers: {}, body: '' };
const signal = new AbortController().signal;
const SIZE = 2 * 1024 * 1024;

/** A real file, of the browser's own file system. */
interface RealFile {
  readonly file: File;
  change(): Promise<void>;
  remove(): Promise<void>;
}

async function realFile(name: string): Promise<RealFile> {
  const root = await navigator.storage.getDirectory();
  const handle = await root.getFileHandle(name, { create: true });
  const write = async (byte: number): Promise<void> => {
    const writable = await handle.createWritable();
    await writable.write(new Uint8Array(SIZE).fill(byte));
    await writable.close();
  };
  await write(1);
  return { file: await handle.getFile(), change: () => write(2), remove: () => root.removeEntry(name) };
}

type Reading = readonly [name: string, read: (part: PartBody) => Promise<unknown>];

const readings: readonly Reading[] = [
  ['crc64', (part) => part.crc64(signal)],
  ['chunks', (part) => part.chunks(signal)[Symbol.asyncIterator]().next()],
  ['fetch', sendBy(createFetchTransport())],
  ['XMLHttpRequest', sendBy(createXhrTransport())],
];

function sendBy(transport: Transport): (body: PartBody) => Promise<unknown> {
  return async (body) => {
    const { url } = await server.serve(OK);
    return await transport.put({ url, headers: {}, body, onProgress: () => undefined, signal });
  };
}

/** Files of the disk, which every browser has, are changed in engines/changed-files.page.test.ts. */
const lack = 'getDirectory' in (navigator.storage ?? {}) ? '' : ', which WebKitGTK does not have';

describe.skipIf(lack)(`the file system of a page${lack}`, () => {
  test.each(readings)('%s reads an unchanged file', async (name, read) => {
    const { file } = await realFile(`${name}-kept`);
    const source = createBlobSource(file);
    expect(await read(source.part(0, SIZE))).toBeDefined();
    await source.close();
  });

  test.each(readings)(
    '%s reports a file modified after the page received it [pain-26]',
    async (name, read) => {
      const { file, change } = await realFile(`${name}-changed`);
      await change();
      const isTold = (await nameOfFailure(file)) === 'NotReadableError';
      const failure = await failureOf(file, read);
      expect(failure).toBeInstanceOf(UploadError);
      const code = isTold ? 'source_changed' : 'source_unreadable';
      expect(failure).toMatchObject({ code, disposition: 'permanent' });
    },
  );

  test.each(readings)('%s reports a missing file', async (name, read) => {
    const { file, remove } = await realFile(`${name}-gone`);
    await remove();
    const failure = await failureOf(file, read);
    expect(failure).toBeInstanceOf(UploadError);
    expect(failure).toMatchObject({ code: 'source_unreadable', disposition: 'permanent' });
  });
});

test.each([
  ['fetch', createFetchTransport()],
  ['XMLHttpRequest', createXhrTransport()],
])('%s ends when bytes are missing that it may wait for', async (_, transport) => {
  const address = await server.serve({ ...OK, behaviour: 'silent' });
  const missing = async (): Promise<string> => {
    await address.arrived();
    throw new DOMException('gone', 'NotFoundError');
  };
  const source = createBlobSourceWithChecksums(new Blob(['hello']), {
    crc64: missing,
    close: () => undefined,
  });
  const request = {
    url: address.url,
    headers: {},
    body: source.part(0, 5),
    onProgress: () => undefined,
    signal,
  };
  await expect(transport.put(request)).rejects.toMatchObject({ code: 'source_unreadable' });
  await address.closed();
});

async function failureOf(file: File, read: Reading[1]): Promise<unknown> {
  const source = createBlobSource(file);
  const failure = await read(source.part(0, SIZE)).catch((reason: unknown) => reason);
  await source.close();
  return failure;
}

/** Chrome distinguishes a modified file from a missing one; Firefox reports both as missing. */
function nameOfFailure(file: File): Promise<string> {
  return file.arrayBuffer().then(
    () => 'none',
    (reason: Error) => reason.name,
  );
}
