/** Detection of fake accounts by the shape of a social graph. */
export { spreadTrust, walkLength } from './rank/sybilrank.ts';
export { type Admissions, combinedAdmissions } from './routes/admission.ts';
export { type GateOptions, gateAdmissions } from './routes/gatekeeper.ts';
export {
  createRouting,
  firstArc,
  headOf,
  nextArc,
  previousArc,
  type Routing,
  tailOf,
} from './routes/route.ts';
export { type GuardOptions, guardAdmissions, guardRouteLength } from './routes/sybilguard.ts';
export {
  estimateInstances,
  type InstanceEstimate,
  type LimitAdmissions,
  type LimitOptions,
  limitAdmissions,
  limitInstances,
} from './routes/sybillimit.ts';
export { type Envelope, surveyLinks } from './votes/envelope.ts';
export { blamePath, createLinkHistory, type LinkHistory } from './votes/history.ts';
export { type Collection, collectVotes, type VoteOptions, voteAdmissions } from './votes/sumup.ts';
