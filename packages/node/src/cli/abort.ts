import { type ObjectStore, systemClock, UploadError } from '@partway/core';
import { openStore, readObjectAddress, STORE_ARGS } from './arguments.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit-code.ts';

export const abort: Command = {
  description: 'Remove an unfinished upload and its parts',
  args: {
    address: { type: 'positional', description: 'oss://BUCKET/KEY' },
    'upload-id': { type: 'string', description: 'needed; `partway uploads` shows it' },
    ...STORE_ARGS,
  },
  async run(given) {
    const { bucket, key } = readObjectAddress(given);
    const uploadId = given.text('upload-id');
    if (uploadId === undefined) throw new TypeError('--upload-id is needed; `partway uploads` shows it');
    await abortUntilGone(openStore(given, bucket), { key, uploadId });
    console.log(given.flag('json') ? JSON.stringify({ bucket, key, uploadId }) : `${uploadId} is removed`);
    return EXIT.done;
  },
};

/** A part in flight may land after an abort and would be billed: so until OSS knows no such upload. */
async function abortUntilGone(
  store: ObjectStore,
  upload: { readonly key: string; readonly uploadId: string },
): Promise<void> {
  // One that was never there is a mistake of the user's, and is told.
  await store.abort(upload);
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    if (await isGone(() => store.listParts(upload))) return;
    await systemClock.sleep(ROUND_DELAY_MS * round, new AbortController().signal);
    if (await isGone(() => store.abort(upload))) return;
  }
  throw new UploadError({
    code: 'server_error',
    message: `OSS still holds the upload after ${ROUNDS_MAX + 1} aborts`,
    disposition: 'exhausted',
    context: { operation: 'abort', ...upload },
    hint: 'Something goes on sending parts of it. Stop that, and run the command again.',
  });
}

const ROUNDS_MAX = 5;
const ROUND_DELAY_MS = 200;

async function isGone(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return false;
  } catch (reason) {
    if (reason instanceof UploadError && reason.code === 'upload_not_found') return true;
    throw reason;
  }
}
