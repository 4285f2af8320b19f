import { read } from 'node:fs';
import { promisify } from 'node:util';
import type { CreateSender } from './client.ts';
import { assertOk, sendEachPart } from './part-loop.ts';

/** The built-in `fetch` with each part in a buffer, as it is commonly used. */
export const createSender: CreateSender = (endpoint) => (file) =>
  sendEachPart(file, async ({ fd, offset, size, path }) => {
    const body = Buffer.allocUnsafeSlow(size);
    await promisify(read)(fd, body, 0, size, offset);
    const response = await fetch(`${endpoint}${path}`, { method: 'PUT', body });
    assertOk(response.status);
    await response.arrayBuffer();
  });
