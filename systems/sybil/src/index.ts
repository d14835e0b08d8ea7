/** Detection of fake accounts by the shape of a social graph. */
export { type Attack, type AttackedGraph, mountAttack } from './attack/attack.ts';
export {
  ATTACK_KINDS,
  type AttackEdges,
  type AttackKind,
  type AttackModel,
  drawAttackEdges,
  nearestTo,
  usualAttack,
} from './attack/attack-edges.ts';
export { drawLabels, type LabelShape, withoutLabelled } from './attack/draw-labels.ts';
export { growRegion, type SybilRegion } from './attack/region.ts';
export { type GrownCommunity, growCommunity, localCommunity } from './community/local-community.ts';
export { type Estimate, estimate, pairedDifference } from './evaluate/paired.ts';
export {
  areaUnderRoc,
  HONEST,
  intervalPrecision,
  type Precision,
  type RocPoint,
  rocCurve,
  SYBIL,
  suspectPrecision,
  UNJUDGED,
  whitelistPrecision,
} from './evaluate/roc.ts';
export {
  type Judgement,
  type JudgeOptions,
  judge,
  type Measured,
  type MethodSummary,
  type RunName,
  type RunRecord,
  summarise,
  sybilsPerEdge,
} from './evaluate/run.ts';
export { type Assumption, type Bound, boundOf, type CutFacts, type Method } from './explain/bounds.ts';
export { createExplainer, type Explainer, type ExplainOptions, type ShownCut } from './explain/explainer.ts';
export {
  type Explanation,
  explainAccount,
  type Ground,
  type Side,
} from './explain/explanation.ts';
export { type Mixing, measureMixing } from './explain/mixing.ts';
export { type SparseCut, sparsestCut } from './explain/sparsest-cut.ts';
export { explanationLines } from './explain/text.ts';
export { acl, seedPageRank } from './rank/acl.ts';
export { cia, walkWithRestart } from './rank/cia.ts';
export { consensus, directedConsensus, meanPlaces, placesOf } from './rank/consensus.ts';
export { gang } from './rank/gang.ts';
export { discountVictims, integro } from './rank/integro.ts';
export {
  type Labels,
  type Needs,
  objectionTo,
  type Purpose,
  type Ranking,
  type RankOptions,
} from './rank/ranking.ts';
export { ratingBalance, trustedBalance } from './rank/rating-balance.ts';
export { RANKINGS, rankingNamed } from './rank/registry.ts';
export { beliefs, sybilBelief } from './rank/sybilbelief.ts';
export { scoreOfTrust, spreadTrust, sybilRank, walkLength } from './rank/sybilrank.ts';
export { couplingObjection, sybilScarC, sybilScarD, usualCoupling } from './rank/sybilscar.ts';
export { trustAlongArcs, trustRank } from './rank/trustrank.ts';
export { type VictimSample, victimFeatures, victimProbabilities } from './rank/victims.ts';
export { type Admissions, combinedAdmissions } from './routes/admission.ts';
export { type GateOptions, gateAdmissions } from './routes/gatekeeper.ts';
export {
  type Admit,
  admitByGate,
  admitByGuard,
  admitByInference,
  admitByLimit,
  admitByVotes,
  ROUTE_RANKINGS,
  rankingOf,
} from './routes/rankings.ts';
export {
  createRouting,
  firstArc,
  headOf,
  nextArc,
  previousArc,
  type Routing,
  tailOf,
} from './routes/route.ts';
export {
  type GuardOptions,
  guardAdmissions,
  guardAdmissionsOf,
  guardRouteLength,
} from './routes/sybilguard.ts';
export { type InferOptions, inferAdmissions, inferObjection } from './routes/sybilinfer.ts';
export {
  estimateInstances,
  expectedLimitScores,
  type InstanceEstimate,
  type LimitAdmissions,
  type LimitOptions,
  limitAdmissions,
  limitInstances,
} from './routes/sybillimit.ts';
export { type Envelope, surveyLinks } from './votes/envelope.ts';
export { blamePath, createLinkHistory, type LinkHistory } from './votes/history.ts';
export { type Collection, collectVotes, type VoteOptions, voteAdmissions } from './votes/sumup.ts';
export { type EscapeBound, escapeBound } from './whitelist/escape-bound.ts';
export {
  type LocalWhitelist,
  localWhitelist,
  type WhitelistOptions,
  whitelistObjection,
} from './whitelist/local-whitelist.ts';
export { settledCore } from './whitelist/settled-core.ts';
export { trianglesByArc, weighByTriangles } from './whitelist/triangle-weights.ts';
