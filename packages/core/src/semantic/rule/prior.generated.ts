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
    -1.3453, // one
    0.8234, // cosine
    -0.6655, // cosine squared
    0.8166, // margin
    0.7041, // vote
    1.6078, // agreement
    -1.5515, // groups
    0.5502, // group size
    2.1722, // jaccard
    -0.3699, // overlap
    1.452, // trigrams
    -0.8881, // unmatched new
    -0.2199, // unmatched old
    0.2492, // length ratio
    -2, // number conflict
    -0.5, // number extra
    -2, // negation
    -2, // antonym
    -2, // entity conflict
    -0.5, // entity extra
    -2, // reversed
    -0.5, // substitution
    0.3146, // substitutions
    0.0412, // extras
    -0.5, // question
    -1.3112, // cosine x jaccard
    -0.7886, // cosine x unmatched new
    0.393, // cosine x margin
  ],
}
