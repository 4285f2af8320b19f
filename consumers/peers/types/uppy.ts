// The bridge with Uppy's own types. Compiled only.
import { createHttpControlPlane } from '@partway/browser';
import { createUppy5Bridge } from '@partway/browser/uppy';
import AwsS3 from '@uppy/aws-s3';
import Uppy from '@uppy/core';

const controlPlane = createHttpControlPlane('https://example.com/uploads');
export const uppy = new Uppy().use(AwsS3, { ...createUppy5Bridge({ controlPlane }), limit: 6 });
