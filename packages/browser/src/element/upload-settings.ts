import {
  type ControlPlane,
  createHttpControlPlane,
  type HttpControlPlaneOptions,
  type Upload,
} from '@partway/core';
import { createIndexedDbCheckpoints } from '../resume/indexed-db-checkpoints.ts';
import type { PageCheckpoints } from '../resume/page-checkpoints.ts';
import { createUploader, type FileUploader } from '../uploader.ts';
import { readAttributes } from './attributes.ts';

/**
 * Starts the upload of a file. `uploader` is the uploader of the element: its uploads share one limit of
 * concurrent requests and can be resumed after a reload. An upload that is started without it competes for
 * the connections of the page, and cannot be resumed. If this throws, the row shows the error.
 */
export type StartUpload = (file: File, uploader: FileUploader) => Upload;

/** The properties of an element that replace its attributes. */
export interface SettingOverrides {
  headers?: HttpControlPlaneOptions['headers'];
  controlPlane?: ControlPlane | undefined;
  checkpoints?: PageCheckpoints | undefined;
  start?: StartUpload | undefined;
}

/** The settings of the uploads of an element, from its properties and attributes. */
export interface UploadSettings {
  readonly overrides: SettingOverrides;
  controlPlane(): ControlPlane;
  /** `undefined` with `resumable="off"`. */
  checkpoints(): PageCheckpoints | undefined;
  start(): StartUpload;
  /** The uploader that all uploads share; `defaults` apply to options that an upload does not set. */
  getUploader(defaults: Partial<Parameters<FileUploader['uploadFile']>[1]>): FileUploader;
  applyConcurrency(): void;
}

export function createUploadSettings(element: Element): UploadSettings {
  const overrides: SettingOverrides = {};
  let shared: FileUploader | undefined;

  function controlPlane(): ControlPlane {
    // Read for each request: the page may change the headers during an upload.
    const headers = async (): Promise<Readonly<Record<string, string>>> =>
      (typeof overrides.headers === 'function' ? await overrides.headers() : overrides.headers) ?? {};
    return overrides.controlPlane ?? createHttpControlPlane(readAttributes(element).endpoint, { headers });
  }

  return {
    overrides,
    controlPlane,
    checkpoints() {
      const { isResumable, endpoint } = readAttributes(element);
      return isResumable ? (overrides.checkpoints ?? getEndpointCheckpoints(endpoint)) : undefined;
    },
    start: () =>
      overrides.start ??
      ((file, uploader) => {
        const { name: key, type } = file;
        return uploader.uploadFile(file, {
          controlPlane: controlPlane(),
          key,
          contentType: type || undefined,
        });
      }),
    getUploader(defaults) {
      shared ??= createUploader({ concurrency: readAttributes(element).concurrency });
      const { uploadFile, setConcurrency } = shared;
      return {
        setConcurrency,
        uploadFile: (file, options) => uploadFile(file, { ...defaults, ...options }),
      };
    },
    applyConcurrency() {
      const { concurrency } = readAttributes(element);
      if (concurrency !== 'auto') shared?.setConcurrency(concurrency);
    },
  };
}

/**
 * Returns the store for one endpoint, the same on every call. Each endpoint has its own: a coordinator cannot
 * resume the uploads of another one.
 */
function getEndpointCheckpoints(endpoint: string): PageCheckpoints {
  const checkpoints =
    stores.get(endpoint) ?? createIndexedDbCheckpoints({ databaseName: `partway ${endpoint}` });
  stores.set(endpoint, checkpoints);
  return checkpoints;
}

const stores = new Map<string, PageCheckpoints>();
