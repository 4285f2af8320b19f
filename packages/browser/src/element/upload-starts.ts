import {
  type ControlPlane,
  createHttpControlPlane,
  type HttpControlPlaneOptions,
  type Upload,
} from '@partway/core';
import type { PageCheckpoints } from '../resume/page-checkpoints.ts';
import { createUploader, type FileUploader } from '../uploader.ts';
import { readAttributes } from './attributes.ts';
import { checkpointsOf } from './endpoint-checkpoints.ts';

/**
 * Begins the upload of a file. `uploader` is the element's own, whose budget of requests all its files share,
 * and which remembers them: uploads that are begun without it compete for the connections of the page, and
 * cannot be gone on with after a reload. What it throws is shown as the failure of the file.
 */
export type StartUpload = (file: File, uploader: FileUploader) => Upload;

/** What a page may set, in the place of what the attributes say. */
export interface OwnSettings {
  headers?: HttpControlPlaneOptions['headers'];
  controlPlane?: ControlPlane | undefined;
  checkpoints?: PageCheckpoints | undefined;
  start?: StartUpload | undefined;
}

/** How the uploads of an element are begun. */
export interface UploadStarts {
  readonly own: OwnSettings;
  controlPlane(): ControlPlane;
  /** `undefined` where nothing is to be remembered. */
  checkpoints(): PageCheckpoints | undefined;
  start(): StartUpload;
  /** The shared uploader, whose uploads are given these options unless they have others. */
  uploaderWith(options: Partial<Parameters<FileUploader['uploadFile']>[1]>): FileUploader;
  setConcurrency(): void;
}

export function createUploadStarts(element: Element): UploadStarts {
  const own: OwnSettings = {};
  let shared: FileUploader | undefined;

  function controlPlane(): ControlPlane {
    // Asked each time, since the page may set others while an upload is under way.
    const headers = async (): Promise<Readonly<Record<string, string>>> =>
      (typeof own.headers === 'function' ? await own.headers() : own.headers) ?? {};
    return own.controlPlane ?? createHttpControlPlane(readAttributes(element).endpoint, { headers });
  }

  return {
    own,
    controlPlane,
    checkpoints() {
      const { isResumable, endpoint } = readAttributes(element);
      return isResumable ? (own.checkpoints ?? checkpointsOf(endpoint)) : undefined;
    },
    start: () =>
      own.start ??
      ((file, uploader) => {
        const { name: key, type } = file;
        return uploader.uploadFile(file, {
          controlPlane: controlPlane(),
          ...{ key, contentType: type || undefined },
        });
      }),
    uploaderWith(given) {
      shared ??= createUploader({ concurrency: readAttributes(element).concurrency });
      const { uploadFile, setConcurrency } = shared;
      return { setConcurrency, uploadFile: (file, options) => uploadFile(file, { ...given, ...options }) };
    },
    setConcurrency() {
      const { concurrency } = readAttributes(element);
      if (concurrency !== 'auto') shared?.setConcurrency(concurrency);
    },
  };
}
