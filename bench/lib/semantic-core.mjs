// The parts of the semantic layer that the benches drive without a cache round them.

export { createHashEmbedder } from '../../packages/core/dist/semantic/embedders/hash.js'
export { createAdaptivePolicy } from '../../packages/core/dist/semantic/rule/adaptive.js'
export { FEATURE_NAMES, FEATURE_SCALE, FEATURES_VERSION, featuresOf } from '../../packages/core/dist/semantic/rule/features.js'
export { fitLogistic } from '../../packages/core/dist/semantic/rule/logistic.js'
export { standingOf } from '../../packages/core/dist/semantic/rule/standing.js'
export { createStaticPolicy } from '../../packages/core/dist/semantic/rule/static.js'
export { createVCachePolicy } from '../../packages/core/dist/semantic/rule/vcache.js'
export { compareTexts } from '../../packages/core/dist/semantic/text/compare.js'
export { matchable } from '../../packages/core/dist/semantic/text/eligibility.js'
export { createFrequencies } from '../../packages/core/dist/semantic/text/frequencies.js'
export { profileOf } from '../../packages/core/dist/semantic/text/profile.js'
