export type { UploadView } from '../upload-view.ts';
export { useUpload } from './use-upload.ts';
export { useUploads } from './use-uploads.ts';
