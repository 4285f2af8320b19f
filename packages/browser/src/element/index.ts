export type { PageCheckpoints } from '../resume/page-checkpoints.ts';
export type { FileUploader } from '../uploader.ts';
export type { PartwayUploadEvents, UploadTally } from './events.ts';
export type { UploadTexts } from './texts/texts.ts';
export type { ListedUpload } from './upload-element.ts';
export { defineUploadElement, PartwayUploadElement } from './upload-element.ts';
export type { StartUpload } from './upload-starts.ts';
