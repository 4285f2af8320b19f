// For those who supply their own tokens, or tidy a bucket.
export { abortUntilGone } from './cleanup/abort-until-gone.ts';
export type { SweepFailure, SweepOptions, SweepOutcome, SweepReport, SweptUpload } from './cleanup/sweep.ts';
export { sweep } from './cleanup/sweep.ts';
export type { Coordinator } from './coordinator.ts';
export { createCoordinator } from './coordinator.ts';
export type { CoordinatorHooks, GrantedUpload } from './hooks.ts';
export type { CorsOptions } from './http/cross-origin.ts';
export type { CoordinatorHandler, HandledRequest, HandlerOptions } from './http/handler.ts';
export { createCoordinatorHandler } from './http/handler.ts';
export type { Verb } from './http/protocol.ts';
export type { Authorize, Caller, DeclaredFile, Identify, Placement, Refusal } from './policy/access.ts';
export type { CounterStore } from './policy/counter-store.ts';
export { createInMemoryCounterStore } from './policy/counter-store.ts';
export type { Policy } from './policy/policy.ts';
export type { CoordinatorOptions } from './resolved-options.ts';
export type { UploadToCallBack } from './upload-callback.ts';
export type { TokenKey, UploadGrant, UploadTokens } from './upload-token.ts';
export { createUploadTokens } from './upload-token.ts';
