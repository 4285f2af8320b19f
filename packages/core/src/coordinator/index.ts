// For those who supply their own tokens, or tidy a bucket.
export { abortUntilGone } from './abort-until-gone.ts';
export type { Coordinator, CoordinatorOptions } from './coordinator.ts';
export { createCoordinator } from './coordinator.ts';
export type { SweepFailure, SweepOptions, SweepOutcome, SweepReport, SweptUpload } from './sweep.ts';
export { sweep } from './sweep.ts';
export type { TokenKey, UploadGrant, UploadTokens } from './upload-token.ts';
export { createUploadTokens } from './upload-token.ts';
