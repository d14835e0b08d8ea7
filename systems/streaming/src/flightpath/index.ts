/** FlightPath: the flexible use of the common trade. */

export { type FlightConduct, OBEDIENT_FLIGHT } from './conduct.ts';
export {
  createFlightCodec,
  type FlightMessage,
  isMembership,
  membershipBytes,
} from './messages.ts';
export { createFlightPeer, type FlightOptions, type FlightPeer, leaveStream } from './peer.ts';
export {
  candidatesOf,
  FLIGHTPATH_ABLATIONS,
  type FlightPathPolicy,
  policyOf,
} from './policy.ts';
export type { FlightState } from './state.ts';
