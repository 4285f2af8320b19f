// A component with React's own types. Compiled only.
import { createUploader, type Upload, uploadFile } from '@partway/browser';
import { type UploadView, useUpload, useUploads } from '@partway/browser/react';
import { type ReactNode, useState } from 'react';

export function UploadOne({ endpoint }: { readonly endpoint?: string | undefined }): ReactNode {
  const [upload, setUpload] = useState<Upload>();
  const { snapshot, object, error, abort }: UploadView = useUpload(upload);
  const start = (file: File | undefined): void => setUpload(file && uploadFile(file, { endpoint }));
  if (snapshot === undefined)
    return <input type="file" onChange={({ target }) => start(target.files?.[0])} />;
  return (
    <button type="button" onClick={abort}>
      {error?.code ?? object?.key ?? snapshot.sentBytes}
    </button>
  );
}

const uploader = createUploader();
export function UploadMany({ files }: { readonly files: readonly File[] }): ReactNode {
  const [uploads] = useState(() => files.map((file) => uploader.uploadFile(file, { endpoint: '/uploads' })));
  const phases = useUploads(uploads).map(({ snapshot }) => snapshot?.phase);
  return <p>{phases.join()}</p>;
}
