import { type ControlPlane, createUploader, type Upload, uploadFile } from '@partway/browser';
import { useUpload, useUploads } from '@partway/browser/react';
import { type ReactNode, useState } from 'react';

export function UploadOne({ controlPlane }: { readonly controlPlane: ControlPlane }): ReactNode {
  const [upload, setUpload] = useState<Upload>();
  const { snapshot, object, error, pause, resume, abort } = useUpload(upload);
  const begin = (file: File | undefined): void =>
    setUpload(file && uploadFile(file, { controlPlane, key: file.name, contentType: file.type }));
  if (object !== undefined) return <p>{object.key} is stored.</p>;
  if (error !== undefined) return <p>That failed: {error.code}</p>;
  if (snapshot === undefined)
    return <input type="file" aria-label="File" onChange={({ target }) => begin(target.files?.[0])} />;
  return (
    <p>
      <progress aria-label="Upload" max={snapshot.size ?? 1} value={snapshot.sentBytes} />
      {snapshot.phase === 'paused' ? (
        <button type="button" onClick={resume}>
          Resume
        </button>
      ) : (
        <button type="button" onClick={pause}>
          Pause
        </button>
      )}
      <button type="button" onClick={abort}>
        Cancel
      </button>
    </p>
  );
}

const uploader = createUploader();

export function UploadMany({ controlPlane }: { readonly controlPlane: ControlPlane }): ReactNode {
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const views = useUploads(uploads);
  const add = (files: readonly File[]): void => {
    const started = files.map((file) => uploader.uploadFile(file, { controlPlane, key: file.name }));
    setUploads([...uploads, ...started]);
  };
  const stored = views.filter(({ object }) => object !== undefined);
  return (
    <label>
      {stored.length} of {views.length} files are stored.
      <input type="file" multiple onChange={({ target }) => add([...(target.files ?? [])])} />
    </label>
  );
}
