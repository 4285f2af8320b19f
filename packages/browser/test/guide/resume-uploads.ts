import {
  createIndexedDbCheckpoints,
  listUnfinishedUploads,
  resumeUpload,
  type Upload,
  uploadFile,
} from '@partway/browser';

const checkpoints = createIndexedDbCheckpoints();
const headers = { authorization: 'Bearer wei' };

/** Uploads a file so that a later page can go on with it. */
export function uploadLasting(file: File, endpoint: string): Upload {
  return uploadFile(file, { endpoint, headers, checkpoints, partSize: 256 * 1024 });
}

/** What earlier pages have left unfinished, to be shown beside a button that lets the user choose the file. */
export async function unfinished(): Promise<string[]> {
  const uploads = await listUnfinishedUploads({ checkpoints });
  return uploads.map(({ name, size, confirmedBytes }) => `${name}: ${confirmedBytes} of ${size} bytes`);
}

/** Goes on with the upload of the file that was chosen again; `undefined` when there is none. */
export async function goOn(file: File, endpoint: string): Promise<Upload | undefined> {
  const uploads = await listUnfinishedUploads({ checkpoints });
  const left = uploads.find(({ name, size }) => name === file.name && size === file.size);
  return left && resumeUpload(left.id, file, { endpoint, headers, checkpoints });
}
