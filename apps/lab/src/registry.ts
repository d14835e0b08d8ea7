/** Every experiment, in the order of the report. */

import type { AnyExperiment } from './experiment.ts';
import { authenticators } from './experiments/authenticators/experiment.ts';
import { costs } from './experiments/costs/experiment.ts';
import { creditGenie } from './experiments/credit-genie/experiment.ts';
import { creditLandmarks } from './experiments/credit-landmarks/experiment.ts';
import { faultModels } from './experiments/fault-models/experiment.ts';
import { laggingMember } from './experiments/lagging-member/experiment.ts';
import { messageDelays } from './experiments/message-delays/experiment.ts';
import { regularViews } from './experiments/regular-views/experiment.ts';
import { requestSize } from './experiments/request-size/experiment.ts';
import { signedRequests } from './experiments/signed-requests/experiment.ts';
import { slowBackup } from './experiments/slow-backup/experiment.ts';
import { slowPrimary } from './experiments/slow-primary/experiment.ts';
import { speculation } from './experiments/speculation/experiment.ts';
import { streamingAblation } from './experiments/streaming-ablation/experiment.ts';
import { streamingCoalitions } from './experiments/streaming-coalitions/experiment.ts';
import { streamingEpsilon } from './experiments/streaming-epsilon/experiment.ts';
import { streamingFlightpath } from './experiments/streaming-flightpath/experiment.ts';
import { streamingGossip } from './experiments/streaming-gossip/experiment.ts';
import { streamingSideBySide } from './experiments/streaming-side-by-side/experiment.ts';
import { sybilAdmission } from './experiments/sybil-admission/experiment.ts';
import { sybilAttacks } from './experiments/sybil-attacks/experiment.ts';
import { sybilBaselines } from './experiments/sybil-baselines/experiment.ts';
import { sybilCommunities } from './experiments/sybil-communities/experiment.ts';
import { sybilLabelNoise } from './experiments/sybil-label-noise/experiment.ts';
import { sybilProperties } from './experiments/sybil-properties/experiment.ts';
import { sybilWhitelist } from './experiments/sybil-whitelist/experiment.ts';
import { underAttack } from './experiments/under-attack/experiment.ts';
import { unfairPrimary } from './experiments/unfair-primary/experiment.ts';

export const EXPERIMENTS: readonly AnyExperiment[] = [
  messageDelays,
  authenticators,
  speculation,
  slowBackup,
  slowPrimary,
  unfairPrimary,
  regularViews,
  laggingMember,
  underAttack,
  faultModels,
  requestSize,
  signedRequests,
  costs,
  streamingGossip,
  streamingFlightpath,
  streamingAblation,
  streamingSideBySide,
  streamingEpsilon,
  streamingCoalitions,
  sybilBaselines,
  sybilAttacks,
  sybilLabelNoise,
  sybilProperties,
  sybilCommunities,
  sybilWhitelist,
  sybilAdmission,
  creditGenie,
  creditLandmarks,
];
