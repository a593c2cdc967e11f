// Written by scripts/generate-prior.mjs; do not edit.
//
// Coefficients of a logistic regression over Banking77, CLINC150 + out of scope, HWU64 with slots:
// Banking77, Casanueva et al. 2020, "Efficient Intent Detection with Dual Sentence Encoders", CC BY 4.0;
// CLINC150, Larson et al. 2019, "An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction", CC BY 3.0;
// HWU64, Liu et al. 2019, "Benchmarking Natural Language Understanding Services for building Conversational Agents", CC BY 4.0.
// They hold no text of these sets.

import type { Prior } from './adaptive.js'

/** What the adaptive policy believes before it has seen anything of this app. */
export const SHIPPED_PRIOR: Prior = {
  version: 1,
  coefficients: [
    -1.4418, // one
    0.6882, // cosine
    -0.617, // cosine squared
    0.8002, // margin
    0.7354, // vote
    1.5821, // agreement
    -1.578, // groups
    0.6085, // group size
    2.4929, // jaccard
    -0.4087, // overlap
    1.3616, // trigrams
    -0.8627, // unmatched new
    -0.187, // unmatched old
    0.1515, // length ratio
    -2, // number conflict
    -0.5, // number extra
    -2, // negation
    -2, // antonym
    -2, // entity conflict
    -0.5, // entity extra
    -2, // reversed
    -0.5, // substitution
    0.3246, // substitutions
    0.0094, // extras
    -0.5, // question
    -1.2455, // cosine x jaccard
    -0.7102, // cosine x unmatched new
    0.3962, // cosine x margin
  ],
}
