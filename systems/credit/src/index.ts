/** Credit networks: payments over links, so that nobody gains by many accounts. */
export {
  createLandmarks,
  DEFAULT_LANDMARKS,
  type LandmarkSettings,
  type Landmarks,
  landmarkRouter,
  openLandmarks,
  refreshLandmarks,
} from './landmarks/landmarks.ts';
export { adoptPolicy } from './ledger/adopt.ts';
export { decodeChange, encodeChange } from './ledger/change-codec.ts';
export * from './ledger/ledger.ts';
export { snapshotRecords } from './ledger/snapshot-codec.ts';
export { finishLoading, loadRecord, type SnapshotLoading, startLoading } from './ledger/snapshot-loading.ts';
export type { Hold, Steps } from './network/holds.ts';
export { addAccount, growLink, link, unlink } from './network/links.ts';
export {
  advance,
  type CreditNetwork,
  createNetwork,
  isAccount,
  type NetworkOptions,
  placeBetween,
} from './network/network.ts';
export {
  endExpired,
  endHold,
  findSteps,
  type PaymentRequest,
  type PaymentResult,
  pay,
  type Refusal,
  type Reservation,
  type Router,
  reserve,
} from './network/payment.ts';
export { settleRow } from './network/recovery.ts';
export { findPath, type SearchBounds, UNBOUNDED } from './network/search.ts';
export * from './policies/bazaar.ts';
export * from './policies/genie.ts';
export * from './policies/ostra.ts';
export * from './policies/policy.ts';
export * from './policies/sum-up.ts';
export * from './workload/attack.ts';
export * from './workload/habits.ts';
export * from './workload/simulate.ts';
