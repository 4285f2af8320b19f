import { abortUntilGone } from '@partway/core/coordinator';
import { systemClock } from '@partway/core/ports';
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
    const store = openStore(given, bucket);
    // An upload that never existed is a mistake of the user, and is reported.
    await store.abort({ key, uploadId });
    await abortUntilGone(store, systemClock, { key, uploadId }, new AbortController().signal);
    console.log(given.flag('json') ? JSON.stringify({ bucket, key, uploadId }) : `${uploadId} is removed`);
    return EXIT.done;
  },
};
