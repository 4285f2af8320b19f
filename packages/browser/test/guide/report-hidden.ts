import { type Upload, uploadFile } from '@partway/browser';

/** Reports CORS rules without ExposeHeader. The upload itself continues. */
export function uploadAndReport(file: File, endpoint: string, report: (text: string) => void): Upload {
  return uploadFile(file, {
    endpoint,
    headers: { authorization: 'Bearer wei' },
    onEvent: (event) => {
      if (event.type === 'headers-hidden') report(`expose these headers: ${event.names.join(', ')}`);
    },
  });
}
