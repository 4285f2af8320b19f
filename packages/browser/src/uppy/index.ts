export type { UppyBridgeOptions, UppyTokenStore } from './bridge-options.ts';
export type { SignedPart } from './sign-part.ts';
export type {
  Uppy5Bridge,
  Uppy5BridgeOptions,
  Uppy5Part,
  Uppy5PartBytes,
  Uppy5Upload,
} from './uppy-5.ts';
export { createUppy5Bridge } from './uppy-5.ts';
export type { Uppy6Bridge, Uppy6Request, Uppy6SignedRequest } from './uppy-6.ts';
export { createUppy6Bridge } from './uppy-6.ts';
export type { UppyFile } from './uppy-file.ts';
