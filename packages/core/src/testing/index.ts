export { createInMemoryCheckpoints } from '../upload/checkpoints/in-memory-checkpoints.ts';
export type { CheckpointStoreHarness } from './checkpoint-store-conformance.ts';
export { checkpointStoreConformance } from './checkpoint-store-conformance.ts';
export type { ConformanceCase } from './conformance.ts';
export { expectTrue, getRejection } from './conformance.ts';
export type { InMemorySourceOptions } from './in-memory-source.ts';
export { createInMemorySource } from './in-memory-source.ts';
export type { ObjectStoreHarness } from './object-store-conformance.ts';
export { objectStoreConformance } from './object-store-conformance.ts';
export type { ObjectStoreStage, SentResponse, StoreFault } from './object-store-stage.ts';
export type {
  ReceivedRequest,
  ScriptedAddress,
  ScriptedResponse,
  ScriptedServer,
} from './scripted-server.ts';
export type { SourceHarness } from './source-conformance.ts';
export { sourceConformance } from './source-conformance.ts';
export { transportConformance } from './transport-conformance.ts';
export type { TestedTransport, TransportHarness } from './transport-stage.ts';
export type { VirtualClock } from './virtual-clock.ts';
export { createSeededRandom, createVirtualClock } from './virtual-clock.ts';
