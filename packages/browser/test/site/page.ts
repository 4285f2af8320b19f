import { uploadFile } from '@partway/browser';

/** Counts the CRC64s of all workers. */
let computedCount = 0;
globalThis.Worker = class extends Worker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    this.addEventListener('message', ({ data }) => {
      if (data.type === 'computed') computedCount += 1;
    });
  }
};

const search = new URLSearchParams(location.search);
const endpoint = search.get('endpoint') ?? '';
const name = search.get('name') ?? '';
const bytes = Uint8Array.from({ length: 2_000_000 }, (_, index) => (index * 31) ^ (index >>> 8));
const { result } = uploadFile(new File([bytes], name), {
  endpoint,
  headers: { authorization: 'Bearer wei' },
  partSize: 1_000_000,
});
result.then(
  ({ crc64 }) => parent.postMessage({ name, crc64, computedCount }, '*'),
  (reason: unknown) => parent.postMessage({ name, reason: String(reason), computedCount }, '*'),
);
