export * from './beacon.ts';
export * from './bits.ts';
export * from './broadcaster/broadcaster.ts';
export * from './config.ts';
export * from './config-codec.ts';
export * from './content/encode.ts';
export * from './content/header.ts';
export * from './content/packets.ts';
export * from './content/store.ts';
export * from './evidence/conviction.ts';
export * from './evidence/evidence.ts';
export * from './evidence/judging.ts';
export * from './flightpath/index.ts';
export * from './gossip/evidence.ts';
export * from './gossip/peer.ts';
export * from './keys.ts';
export * from './media/index.ts';
export * from './membership/contradictions.ts';
export * from './membership/evictions.ts';
export * from './membership/member-list.ts';
export * from './messages/codec.ts';
export * from './messages/messages.ts';
export * from './messages/sizes.ts';
export * from './model/index.ts';
export * from './peer/meter.ts';
export type { PeerOptions, PeerSetup, PeerState } from './peer/state.ts';
export { streamUtility } from './peer/utility.ts';
export * from './rounds.ts';
export * from './soundness.ts';
export * from './statement.ts';
export {
  type Admission,
  admissionBy,
  convictsBy,
  createTracker,
  likelyMembers,
  type TrackerOptions,
  type TrackerState,
} from './tracker/index.ts';
export { type Conduct, OBEDIENT } from './trade/conduct.ts';
export { createSealing, type Sealed, type Sealing } from './trade/sealing.ts';
