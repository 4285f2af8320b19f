// Uploads a file in a process that a test kills. Arguments: path, endpoint, checkpoint directory. Prints a line
// for every confirmed part.
import { createCoordinator } from '@partway/core/coordinator';
import { createOssObjectStore } from '@partway/core/oss';
import { createFileCheckpoints, uploadFile } from '@partway/node';

const [path = '', endpoint = '', directory = ''] = process.argv.slice(2);
const credentials = { accessKeyId: 'AK', accessKeySecret: 'SK' };
const store = createOssObjectStore({ region: 'cn-hangzhou', bucket: 'media', credentials, endpoint });
const tokenKeys = [{ kid: 'test', key: new Uint8Array(32).fill(1) }];
const upload = uploadFile(path, {
  controlPlane: createCoordinator({ store, tokenKeys }),
  checkpoints: createFileCheckpoints(directory),
  key: 'killed',
  partSize: 102_400,
  concurrency: 4,
  onEvent(event) {
    if (event.type === 'part-confirmed') console.log(event.partNumber);
  },
});
const { crc64 } = await upload.result;
console.log(`done ${crc64}`);
