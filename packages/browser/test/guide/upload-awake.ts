import { keepAwake, type Upload, uploadFile } from '@partway/browser';

/** Uploads with the screen on, and reports a lost network. */
export function uploadAwake(file: File, endpoint: string, show: (text: string) => void): Upload {
  const upload = uploadFile(file, { endpoint, headers: { authorization: 'Bearer wei' } });
  keepAwake(upload);
  upload.subscribe(({ type }) => {
    if (type === 'offline') show('no network: the upload waits');
    if (type === 'online') show('the upload continues');
  });
  return upload;
}
