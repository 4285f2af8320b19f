import { createHttpControlPlane } from '@partway/browser';
import { createUppy5Bridge } from '@partway/browser/uppy';
import AwsS3 from '@uppy/aws-s3';
import type { Body, Meta, Uppy } from '@uppy/core';

/** Lets Uppy upload through the coordinator at `endpoint`. */
export function useCoordinator(uppy: Uppy<Meta, Body>, endpoint: string): void {
  const controlPlane = createHttpControlPlane(endpoint);
  uppy.use(AwsS3, { ...createUppy5Bridge({ controlPlane }), limit: 6 });
}
