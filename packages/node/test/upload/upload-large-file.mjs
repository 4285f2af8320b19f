// Uploads a file in a separate process, to measure its memory. Arguments: path, endpoint, concurrency.
// Prints JSON.
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { uploadFile } from '@partway/node';

const [path = '', endpoint = '', concurrency = ''] = process.argv.slice(2);
const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const store = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'media', credentials, endpoint });
const controlPlane = createCoordinator({ store });

let inFlightMax = 0;
const inFlight = new Set();
const upload = uploadFile(path, {
  controlPlane,
  key: 'large',
  concurrency: Number(concurrency),
  onEvent(event) {
    if (event.type === 'part-progress') inFlight.add(event.partNumber);
    if (event.type === 'part-confirmed') inFlight.delete(event.partNumber);
    inFlightMax = Math.max(inFlightMax, inFlight.size);
  },
});
const object = await upload.result;
const { maxRSS } = process.resourceUsage();
const { partCount } = upload.snapshot();
console.log(JSON.stringify({ object, partCount, inFlightMax, peakMemory: maxRSS * 1024 }));
