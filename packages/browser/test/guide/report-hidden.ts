import { type Upload, uploadFile } from '@partway/browser';

/** Reports a bucket whose CORS rules lack ExposeHeader. The upload itself goes on. */
export function uploadAndReport(file: File, endpoint: string, report: (text: string) => void): Upload {
  return uploadFile(file, {
    endpoint,
    headers: { authorization: 'Bearer wei' },
    onEvent: (event) => {
      if (event.type === 'headers-hidden') report(`expose these headers: ${event.names.join(', ')}`);
    },
  });
}
