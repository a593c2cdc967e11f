/** `@llm-cache/core/testing`: contracts for stores, embedders and adapters, a simulated model provider, a clock that stands still. */

export { adapterContract } from './adapter-contract/index.js'
export { listen, type Served } from './adapter-contract/listen.js'
export { readAll, sendAnswer } from './adapter-contract/node-answer.js'
export { type NodeShape, nodeShapes } from './adapter-contract/node-shapes.js'
export { chat, completion, EVENT_STREAM, paced, sseFrames } from './adapter-contract/samples.js'
export type {
  AdapterDriver,
  AdapterRunner,
  Answer,
  AppSpec,
  HandlerCall,
  NeutralHandler,
  RouteSpec,
  Shape,
  ShapeTools,
} from './adapter-contract/types.js'
export { type EmbedderSubject, embedderContract } from './embedder-contract.js'
export { createFaultProxy, type FaultMode, type FaultProxy, type FaultProxyOptions } from './fault-proxy.js'
export { createManualClock, type ManualClock } from './manual-clock.js'
export { createModelServer } from './model-server/server.js'
export { FAULTS, type Fault, type ModelCall, type ModelLatency, type ModelServer, type ModelServerOptions } from './model-server/types.js'
export { sampleEntry } from './sample-entry.js'
export { type ContractRunner, type RawValues, type StoreContext, type StoreSubject, storeContract } from './store-contract.js'
export {
  type VectorIndexContext,
  type VectorIndexDriver,
  type VectorIndexSubject,
  vectorIndexContract,
} from './vector-index-contract.js'
