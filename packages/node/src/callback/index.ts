// For the application server that OSS calls after it has stored an object.

export { type Disposition, type ErrorContext, UploadError, type UploadErrorCode } from '@partway/core';
export type { CallbackRequest } from './callback-request.ts';
export type { CallbackVerifier, CallbackVerifierOptions, VerifiedCallback } from './callback-verifier.ts';
export { createCallbackVerifier } from './callback-verifier.ts';
