import { UploadError, uploadFile } from '@partway/browser';

const endpoint = new URLSearchParams(location.search).get('endpoint') ?? '/uploads';
const headers = { authorization: 'Bearer wei' };

document.querySelector('input').addEventListener('change', async ({ target }) => {
  const output = document.querySelector('output');
  try {
    const { key, crc64 } = await uploadFile(target.files[0], { endpoint, headers, partSize: 512 * 1024 })
      .result;
    output.value = `${key} is stored and proven, CRC64 ${crc64}`;
  } catch (error) {
    output.value = error instanceof UploadError ? `${error.message}. ${error.hint ?? ''}` : String(error);
  }
});
