// The code of a page, with every entry that needs no optional peer. Compiled only.
import {
  createIndexedDbCheckpoints,
  createUploader,
  listUnfinishedUploads,
  resumeUpload,
  type Upload,
  UploadError,
  type UploadFileOptions,
  type UploadSnapshot,
  uploadFile,
  watchUploads,
} from '@partway/browser';
import { defineUploadElement, type PartwayUploadElement, type UploadTexts } from '@partway/browser/element';
import { createUppy5Bridge, createUppy6Bridge } from '@partway/browser/uppy';
import { type ControlPlane, createHttpControlPlane } from '@partway/core';

const endpoint = '/uploads';
const session: string | undefined = localStorage.getItem('session') ?? undefined;
const partSize: number | undefined = undefined;
const checkpoints = createIndexedDbCheckpoints();

export function startUpload(
  file: File,
  show: (snapshot: UploadSnapshot) => void,
  stop?: AbortSignal,
): Upload {
  const options: UploadFileOptions = {
    endpoint,
    partSize,
    checkpoints,
    signal: stop,
    credentials: 'include',
  };
  const upload = uploadFile(file, { ...options, headers: session === undefined ? undefined : { session } });
  upload.subscribe(() => show(upload.snapshot()));
  upload.result.catch((error: unknown) => {
    if (error instanceof UploadError) console.error(error.code, error.context.requestId, error.hint);
  });
  return upload;
}

export async function resumeFirst(file: File): Promise<Upload | undefined> {
  const [unfinished] = await listUnfinishedUploads({ checkpoints });
  return unfinished && resumeUpload(unfinished.id, file, { endpoint, checkpoints, credentials: undefined });
}

const controlPlane: ControlPlane = createHttpControlPlane(endpoint, { credentials: 'same-origin' });
export const many = createUploader({ concurrency: 'auto' }).uploadFile(new File([], 'a'), { controlPlane });
export const bridges = [createUppy5Bridge({ controlPlane }), createUppy6Bridge({ controlPlane, partSize })];
export const unwatch = watchUploads((uploads) => console.log(uploads[0]?.name));

defineUploadElement();
const element = document.querySelector<PartwayUploadElement>('partway-upload');
const texts: Partial<UploadTexts> = { choose: () => 'Choose videos' };
if (element !== null) element.texts = texts;
element?.addEventListener('partway-completed', ({ detail: { file, object } }) => {
  console.log(file.name, object.key);
});
