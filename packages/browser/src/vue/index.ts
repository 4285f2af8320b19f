export type { UploadRefs } from './use-upload.ts';
export { useUpload } from './use-upload.ts';
