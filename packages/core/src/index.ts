export { type CacheRoute, createLlmCache, type LlmCache } from './cache.js'
export type { CompressionAlgorithm, CompressionOption, CompressionOptions } from './compression/algorithms.js'
export { type AlgorithmReport, type CompressionReport, type MeasureOptions, measureCompression } from './compression/measure.js'
export { formatCompressionReport } from './compression/report.js'
export type { Control } from './control/control.js'
export { type InvalidateOptions, type InvalidateReport, InvalidationError } from './control/invalidate.js'
export type { EntryView, PatternFields } from './control/matching.js'
export type { UsagePattern } from './control/patterns/group.js'
export type { UsagePatternsOptions } from './control/patterns/patterns.js'
export type { PreloadSourceStats, PreloadStats } from './control/preload/stats.js'
export { createRejectCall, type RejectCallOptions, type Rejecting } from './control/reject-call.js'
export type { Schedule, ScheduleOptions } from './control/schedule.js'
export type { InvalidateSelector } from './control/selector.js'
export type { WarmFileRequests, WarmTemplate } from './control/warm/file.js'
export type { WarmOptions, WarmScheduleOptions } from './control/warm/options.js'
export type { WarmFault, WarmFaultReason, WarmRequest } from './control/warm/request.js'
export type { WarmFile, WarmSource } from './control/warm/source.js'
export type { WarmFailure, WarmFailures, WarmProgress, WarmReport } from './control/warm/tally.js'
export type { WarmSchedule } from './control/warm/warm.js'
export { type CostFunction, costOf, createCostFunction, PRICES_DATE, type Price, type PriceTable, type PriceTier } from './cost/cost.js'
export type { AppTarget, CallbackApp, FetchApp, ServerApp } from './dispatch/target.js'
export type { RefreshAheadBudgetOptions, RefreshAheadOptions } from './engine/ahead-options.js'
export type { BudgetOptions } from './engine/budget-options.js'
export type { Explanation } from './engine/explain.js'
export type { CacheHandle, OutcomeLabel } from './engine/handle.js'
export type { AnswerView, LlmCacheOptions, ReplayPace, RouteOptions, Strategy, UpstreamRule } from './engine/options.js'
export type { PatternsOptions } from './engine/pattern-options.js'
export type { Policy, PolicyChoice, PolicyName } from './engine/policies.js'
export type { PolicyInForce, ValueSource } from './engine/precedence.js'
export type { PreloadOptions } from './engine/preload-options.js'
export { isOptionError } from './engine/resolve.js'
export type { Seed, SeedOptions, SeedReport, SeedSource } from './engine/seed.js'
export { createEntryCodec, type EncryptionOptions, type EntryCodecOptions } from './entry/codec.js'
export { type BodyCoding, type BodyEncoding, type ChunkMark, type Entry, type EntryMeta, entryBytes } from './entry/entry.js'
export { decodeFrame, encodeFrame } from './entry/frame.js'
export {
  EmbedderError,
  type EmbedderFailure,
  type FrameDamage,
  FrameError,
  LlmCacheError,
  type LlmCacheErrorCode,
  OptionError,
  PeerMissingError,
  VectorError,
  VectorIndexError,
  type VectorIndexFault,
} from './errors.js'
export type {
  CacheEvent,
  CacheEventListener,
  ExchangeLabels,
  MissReason,
  ModelLabels,
  PreloadSource,
  PreloadSwitchReason,
  RefreshCause,
  RefreshFailure,
  SemanticDecision,
  SemanticLabels,
  SkipReason,
  StaleReason,
  Usage,
  WarmStop,
} from './events.js'
export type {
  AnswerHead,
  BypassReason,
  CacheRequest,
  ChunkSource,
  ChunkStep,
  DetachedRequest,
  Dispatch,
  DispatchOptions,
  HeaderPairs,
  HeldRequest,
  Outcome,
  Recorder,
  Reply,
  ReplyBody,
  RequestBody,
  UnreadableReason,
} from './exchange.js'
export { discard } from './exchange.js'
export type { NormalizeMode } from './fingerprint/fingerprint.js'
export type { Duration, DurationText } from './lib/duration.js'
export { type CachedDecorator, type CachedOptions, createDecorator, openCached, openMount } from './mount.js'
export type { Analysis, Estimate, ExactAnalysis, SemanticAnalysis } from './observe/analysis.js'
export type { CacheDescription, DescribedStore, DescribedValue } from './observe/describe.js'
export { formatDescription } from './observe/format-description.js'
export type { PrintableValue } from './observe/option-values.js'
export type { Recommendation, RecommendationCode } from './observe/recommend.js'
export type { SharedStats } from './observe/shared-stats.js'
export type { CacheStats, Embedding, Judging, RefreshAheadStats, Savings } from './observe/stats.js'
export type { BudgetBound, BudgetState } from './policy/budget.js'
export type { ControlDirective, ControlPolicy } from './policy/controls.js'
export { isCredentialHeader } from './policy/credential-names.js'
export type { CredentialsOptions, PartitionOption, PartitionSelector } from './policy/partition.js'
export type {
  Awaitable,
  CacheStore,
  Clock,
  EntryCodec,
  KeyvLike,
  StoreEvent,
  StoreFailure,
  StoreLimits,
  StoreOperation,
  StoreSize,
  StoreState,
} from './ports.js'
export { createHashEmbedder, type HashEmbedderOptions } from './semantic/embedders/hash.js'
export type { NoMatchReason } from './semantic/finding.js'
export { equalJudge } from './semantic/judges/equal.js'
export { functionJudge } from './semantic/judges/function.js'
export { type LlmJudgeOptions, llmJudge } from './semantic/judges/llm.js'
export { JUDGE_INSTRUCTIONS } from './semantic/judges/llm-prompt.js'
export { type SimilarityJudgeOptions, similarityJudge } from './semantic/judges/similarity.js'
export { structureJudge } from './semantic/judges/structure.js'
export type { SemanticStats, SimilarEntry } from './semantic/layer.js'
export type { SemanticOptions } from './semantic/options.js'
export type {
  AnswerText,
  Calibration,
  Embedder,
  Judge,
  Judgement,
  ModelUsage,
  VectorIndex,
  VectorItem,
  VectorMatch,
  VectorQuery,
} from './semantic/ports.js'
export type { ErrorBasis } from './semantic/rule/bound.js'
export type { Candidate, Decision, DecisionPolicy, Outcome as DecisionOutcome, PolicyState } from './semantic/rule/policy.js'
export { BUILT_IN_GUARDS, type Guard, type GuardId, type GuardOptions } from './semantic/text/guards.js'
export type { TextProfile } from './semantic/text/profile.js'
export { asksForFresh, DEFAULT_ROUTER, type Router } from './semantic/text/router.js'
export { createMemoryVectorIndex, type MemoryVectorIndex } from './semantic/vectors/memory.js'
export type { EvictedVector, MemoryVectorIndexOptions } from './semantic/vectors/memory-options.js'
export { toUnitVector } from './semantic/vectors/unit.js'
export type {
  BusMessage,
  Fence,
  FlightCoordinator,
  FlightLease,
  InvalidationBus,
  Joining,
  RemoteFlight,
  RemoteStep,
  SharedCounters,
  Sharing,
} from './sharing.js'
export type { TierStats } from './stores/guarded.js'
export { createKeyvStore, type KeyvStoreOptions } from './stores/keyv.js'
export { KEYV_LIMITS, type KeyvLimits } from './stores/keyv-limits.js'
export type { LatencySummary } from './stores/latency.js'
export { createMemoryStore, type EvictionPolicy, type MemoryStoreOptions } from './stores/memory.js'
export type { StoreOption, TierOptions } from './stores/store.js'
export type { TierReport } from './stores/tiers.js'
