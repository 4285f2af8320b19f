// For those who supply their own tokens, or tidy a bucket.
export { abortUntilGone } from './abort-until-gone.ts';
export type { Authorize, Caller, DeclaredFile, Identify, Placement, Refusal } from './access.ts';
export type { Coordinator } from './coordinator.ts';
export { createCoordinator } from './coordinator.ts';
export type { CoordinatorOptions } from './coordinator-terms.ts';
export type { CorsOptions } from './cross-origin.ts';
export type { AnsweredRequest, CoordinatorHandler, HandlerOptions } from './handler.ts';
export { createCoordinatorHandler } from './handler.ts';
export type { CoordinatorHooks, GrantedUpload } from './hooks.ts';
export type { Policy } from './policy.ts';
export type { Verb } from './protocol.ts';
export type { SweepFailure, SweepOptions, SweepOutcome, SweepReport, SweptUpload } from './sweep.ts';
export { sweep } from './sweep.ts';
export type { Tallies } from './tallies.ts';
export { createInMemoryTallies } from './tallies.ts';
export type { UploadToCallBack } from './upload-callback.ts';
export type { TokenKey, UploadGrant, UploadTokens } from './upload-token.ts';
export { createUploadTokens } from './upload-token.ts';
