import {
  createHttpControlPlane,
  createIndexedDbCheckpoints,
  listUnfinishedUploads,
  removeUpload,
  resumeUpload,
  resumeUploadByHandle,
  type Upload,
  UploadError,
  type UploadErrorCode,
  uploadFile,
  type WatchedUpload,
  waitUntilUnlocked,
  watchUploads,
} from '@partway/browser';

const controlPlane = createHttpControlPlane('/uploads');
const blocked: string[] = [];
const checkpoints = createIndexedDbCheckpoints({
  onStorageBlocked: ({ cause }) => blocked.push(cause instanceof DOMException ? cause.name : String(cause)),
});
const sending = { controlPlane, checkpoints, concurrency: 1 };
const watched: (readonly WatchedUpload[])[] = [];
const messages: string[] = [];
let current: Upload | undefined;
let hasWaited = false;

watchUploads((uploads) => watched.push(uploads));
new BroadcastChannel('partway-tabs-1:partway').addEventListener('message', ({ data }) => {
  messages.push(JSON.stringify(data));
});

function chosenFile(): File {
  const file = document.querySelector('input')?.files?.[0];
  if (file === undefined) throw new Error('no file was chosen');
  return file;
}

/** The code of the failure; what is no `UploadError` fails the test. */
async function codeOf(pending: Promise<Upload | undefined>): Promise<UploadErrorCode | undefined> {
  try {
    current = (await pending) ?? current;
    return undefined;
  } catch (reason) {
    if (reason instanceof UploadError) return reason.code;
    throw reason;
  }
}

window.page = {
  upload(key, { attemptsMax = 8, resume: isResumed = true } = {}) {
    const options = { ...sending, key, partSize: 102_400, resume: isResumed, retry: { attemptsMax } };
    current = uploadFile(chosenFile(), { ...options, contentType: 'text/plain' });
  },
  async uploadByHandle(key, text) {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle(`${key}.txt`, { create: true });
    const writable = await handle.createWritable();
    await writable.write(text);
    await writable.close();
    current = uploadFile(await handle.getFile(), { ...sending, key, partSize: 102_400, handle });
  },
  resume: (id) => codeOf(resumeUpload(id, chosenFile(), sending)),
  resumeUploadByHandle: (id) => codeOf(resumeUploadByHandle(id, sending)),
  remove: (id) => codeOf(removeUpload(id, { endpoint: '/uploads', checkpoints }).then(() => undefined)),
  pause: () => current?.pause(),
  resumeCurrent: () => current?.resume(),
  async ended() {
    const code = await codeOf((current?.result ?? Promise.reject(new Error('none'))).then(() => undefined));
    return code ?? 'completed';
  },
  snapshot: () => current?.snapshot(),
  list: ({ withStoredBytes } = { withStoredBytes: false }) =>
    listUnfinishedUploads(withStoredBytes ? { controlPlane } : {}),
  startWaiting(id) {
    hasWaited = false;
    void waitUntilUnlocked(id).then(() => {
      hasWaited = true;
    });
  },
  get hasWaited() {
    return hasWaited;
  },
  watched,
  messages,
  blocked,
};
