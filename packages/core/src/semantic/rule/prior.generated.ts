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
  version: 2,
  coefficients: [
    -0.2401, // one
    0.9901, // cosine
    -0.5398, // cosine squared
    0.2536, // margin
    1.2488, // lead
    0.1794, // vote
    -1.0499, // groups
    0.5137, // group size
    1.4854, // backing
    0.5264, // telling
    -2.0709, // unheard
    -3.0008, // missing
    1.5082, // jaccard
    1.815, // trigrams
    1.3412, // unmatched new
    1.5911, // unmatched old
    -2, // number conflict
    -0.5, // number extra
    -2, // negation
    -2, // antonym
    -2, // entity conflict
    -0.5, // entity extra
    -2, // reversed
    -0.5, // substitution
    0.3195, // substitutions
    0.0232, // extras
    -0.5, // question
    -1.2648, // cosine x jaccard
    -0.9021, // cosine x unmatched new
  ],
}
