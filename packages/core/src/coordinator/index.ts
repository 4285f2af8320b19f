export type { Coordinator, CoordinatorOptions } from './coordinator.ts';
export { createCoordinator } from './coordinator.ts';
// For those who supply their own tokens.
export type { TokenKey, UploadGrant, UploadTokens } from './upload-token.ts';
export { createUploadTokens } from './upload-token.ts';
