export type { FileUploader } from '../uploader.ts';
export type { PartwayUploadEvents, UploadTally } from './events.ts';
export type { UploadTexts } from './texts.ts';
export type { ListedUpload, StartUpload } from './upload-element.ts';
export { defineUploadElement, PartwayUploadElement } from './upload-element.ts';
