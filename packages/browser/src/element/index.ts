export type { PageCheckpoints } from '../resume/page-checkpoints.ts';
export type { FileUploader } from '../uploader.ts';
export type { PartwayUploadEvents, UploadTotals } from './events.ts';
export type { UploadTexts } from './texts/texts.ts';
export { defineUploadElement, PartwayUploadElement } from './upload-element.ts';
export type { ListedUpload } from './upload-list.ts';
export type { StartUpload } from './upload-settings.ts';
