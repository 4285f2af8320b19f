import {
  createIndexedDbCheckpoints,
  createUploader,
  listUnfinishedUploads,
  resumeUpload,
  type Upload,
  UploadError,
  type UploadErrorCode,
  type UploadEvent,
  uploadFile,
  type WatchedUpload,
  waitUntilUnlocked,
  watchUploads,
} from '@partway/browser';

const endpoint = '/uploads';
const blocked: string[] = [];
const checkpoints = createIndexedDbCheckpoints({
  onStorageBlocked: ({ cause }) => blocked.push(cause instanceof DOMException ? cause.name : String(cause)),
});
const hidden: string[] = [];
let watched: readonly WatchedUpload[] = [];
let current: Upload | undefined;
let hasWaited = false;

watchUploads((uploads) => {
  watched = uploads;
});

function onEvent(event: UploadEvent): void {
  if (event.type === 'headers-hidden') hidden.push(...event.names);
}

function chosenFiles(): readonly File[] {
  return [...(document.querySelector('input')?.files ?? [])];
}

function chosenFile(): File {
  const [file] = chosenFiles();
  if (file === undefined) throw new Error('no file was chosen');
  return file;
}

/** The code of the failure; what is no `UploadError` fails the test. */
async function codeOf(pending: Promise<unknown>): Promise<UploadErrorCode | undefined> {
  try {
    await pending;
    return undefined;
  } catch (reason) {
    if (reason instanceof UploadError) return reason.code;
    throw reason;
  }
}

async function endOf({ result }: Upload): Promise<string> {
  return (await codeOf(result)) ?? 'completed';
}

function begun(): Upload {
  if (current === undefined) throw new Error('no upload was begun');
  return current;
}

function retyped(file: File, type: string): File {
  return new File([file], file.name, { type, lastModified: file.lastModified });
}

window.uploads = {
  upload({ type, ...terms }) {
    const file = type === undefined ? chosenFile() : retyped(chosenFile(), type);
    current = uploadFile(file, { endpoint, checkpoints, onEvent, ...terms });
  },
  async uploadAll() {
    const uploader = createUploader();
    const uploads = chosenFiles().map((file) => uploader.uploadFile(file, { endpoint, checkpoints }));
    return Promise.all(uploads.map(endOf));
  },
  resume: (id) =>
    codeOf(
      resumeUpload(id, chosenFile(), { endpoint, checkpoints, onEvent }).then((upload) => {
        current = upload;
      }),
    ),
  abort: () => begun().abort(),
  ended: () => endOf(begun()),
  progress() {
    const { phase, confirmedBytes, retries } = begun().snapshot();
    return { phase, confirmedBytes, retries };
  },
  list: () => listUnfinishedUploads({ checkpoints }),
  watched: () => watched,
  startWaiting(id) {
    hasWaited = false;
    void waitUntilUnlocked(id, { checkpoints }).then(() => {
      hasWaited = true;
    });
  },
  hasWaited: () => hasWaited,
  blocked: () => blocked,
  hidden: () => hidden,
  async leftovers() {
    const { held = [], pending = [] } = await navigator.locks.query();
    return { records: await storedRecords(), locks: [...held, ...pending].map(({ name }) => name) };
  },
};

/** Read without the package: what it has left behind, it may not see any more. */
function storedRecords(): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('partway');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const records: unknown[] = [];
      const stores = [...database.objectStoreNames];
      const transaction = database.transaction(stores);
      transaction.oncomplete = () => {
        database.close();
        resolve(records);
      };
      for (const name of stores) {
        const reading = transaction.objectStore(name).getAll();
        reading.onsuccess = () => records.push(...reading.result);
      }
    };
  });
}
