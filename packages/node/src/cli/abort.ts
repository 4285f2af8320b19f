import { abortUntilGone } from '@partway/core/coordinator';
import { systemClock } from '@partway/core/ports';
import { openStore, readObjectAddress, STORE_ARGS } from './arguments.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit-code.ts';

export const abort: Command = {
  description: 'Remove an unfinished upload and its parts',
  args: {
    address: { type: 'positional', description: 'oss://BUCKET/KEY' },
    'upload-id': { type: 'string', description: 'required; `partway uploads` lists it' },
    ...STORE_ARGS,
  },
  async run(parsed) {
    const { bucket, key } = readObjectAddress(parsed);
    const uploadId = parsed.text('upload-id');
    if (uploadId === undefined) throw new TypeError('--upload-id is required; `partway uploads` lists it');
    const store = openStore(parsed, bucket);
    // Fails if there is no such upload. After the first abort, that is the expected end.
    await store.abort({ key, uploadId });
    await abortUntilGone(store, systemClock, { key, uploadId }, new AbortController().signal);
    console.log(parsed.flag('json') ? JSON.stringify({ bucket, key, uploadId }) : `${uploadId} is removed`);
    return EXIT.done;
  },
};
