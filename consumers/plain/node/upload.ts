import { UploadError, uploadFile } from '@partway/node';

const [path = '', endpoint = 'https://app.example.com/uploads'] = process.argv.slice(2);
const headers = { authorization: 'Bearer wei' };

try {
  const object = await uploadFile(path, { endpoint, headers, key: 'movie.mp4', partSize: 512 * 1024 }).result;
  console.log(`${object.key} is stored and proven, CRC64 ${object.crc64}`);
} catch (error) {
  if (!(error instanceof UploadError)) throw error;
  console.error(error.message, error.hint);
  process.exitCode = 1;
}
