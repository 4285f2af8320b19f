// The child of `soak flaky`: file, endpoint. Prints the code of every error that is retried, in a line.
import { createCoordinator } from '@partway/core/coordinator';
import { uploadFile } from '@partway/node';
import { KEY, openStore } from './emulated-oss.ts';
import { RETRY, STALL, URL_LIFETIME_SECONDS } from './flaky-link.ts';

const [file = '', endpoint = ''] = process.argv.slice(2);
const upload = uploadFile(file, {
  controlPlane: createCoordinator({ store: openStore(endpoint), urlLifetimeSeconds: URL_LIFETIME_SECONDS }),
  key: KEY,
  stall: STALL,
  retry: RETRY,
  onEvent(event) {
    if (event.type === 'retrying') console.log(event.error.code);
  },
});
await upload.result;
