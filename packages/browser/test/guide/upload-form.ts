import { UploadError, uploadFile } from '@partway/browser';

/** Uploads the file chosen in a form with an `<output>`, and shows there how far it is. */
export async function uploadChosen(form: HTMLFormElement, endpoint = '/uploads'): Promise<void> {
  const file = form.querySelector<HTMLInputElement>('input[type=file]')?.files?.[0];
  const output = form.querySelector('output');
  if (file === undefined || output === null) return;

  const upload = uploadFile(file, { endpoint, headers: { authorization: 'Bearer wei' } });
  upload.subscribe(() => {
    const { sentBytes, size = 0 } = upload.snapshot();
    output.value = `${Math.floor((sentBytes / Math.max(size, 1)) * 100)} %`;
  });
  try {
    const { key, crc64 } = await upload.result;
    output.value = `${key} is stored and proven, CRC64 ${crc64}`;
  } catch (error) {
    if (!(error instanceof UploadError)) throw error;
    output.value = `${error.message}. ${error.hint ?? ''}`;
  }
}
