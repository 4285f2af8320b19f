import {
  createIndexedDbCheckpoints,
  listUnfinishedUploads,
  resumeUpload,
  type Upload,
  uploadFile,
} from '@partway/browser';

const checkpoints = createIndexedDbCheckpoints();
const headers = { authorization: 'Bearer wei' };

/** Uploads a file so that a later page can resume it. */
export function uploadLasting(file: File, endpoint: string): Upload {
  return uploadFile(file, { endpoint, headers, checkpoints, partSize: 256 * 1024 });
}

/** The unfinished uploads of earlier pages, to be shown beside a button to choose the file. */
export async function unfinished(): Promise<string[]> {
  const uploads = await listUnfinishedUploads({ checkpoints });
  return uploads.map(({ name, size, confirmedBytes }) => `${name}: ${confirmedBytes} of ${size} bytes`);
}

/** Resumes the upload of a file that was chosen again; `undefined` when there is none. */
export async function resumeChosen(file: File, endpoint: string): Promise<Upload | undefined> {
  const uploads = await listUnfinishedUploads({ checkpoints });
  const left = uploads.find(({ name, size }) => name === file.name && size === file.size);
  return left && resumeUpload(left.id, file, { endpoint, headers, checkpoints });
}
