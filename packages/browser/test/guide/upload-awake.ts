import { keepAwake, type Upload, uploadFile } from '@partway/browser';

/** Uploads with the screen on, and reports a lost network. */
export function uploadAwake(file: File, endpoint: string, say: (text: string) => void): Upload {
  const upload = uploadFile(file, { endpoint, headers: { authorization: 'Bearer wei' } });
  keepAwake(upload);
  upload.subscribe(({ type }) => {
    if (type === 'offline') say('no network: the upload goes on by itself');
    if (type === 'online') say('the upload goes on');
  });
  return upload;
}
