/**
 * Simulated streams of both protocols, for the lab: swarms of obedient and other peers, what came of them, and scenarios that
 * FlightPath has to stand. Needs `@concordat/sim`, which whoever imports this declares.
 */

export { type FlightConduct, OBEDIENT_FLIGHT } from '../flightpath/conduct.ts';
export { FLIGHTPATH_ABLATIONS, type FlightPathPolicy } from '../flightpath/policy.ts';
export {
  delaysToPlay,
  type FlightFigures,
  figuresSince,
  SETTLED_ROUNDS,
  type Snapshot,
  settle,
  snapshotUtility,
  takeSnapshot,
  type UtilitySnapshot,
  utilitySince,
  vanish,
  watch,
} from './flight-scenarios.ts';
export { createFlightSwarm, FIRST_NODE, type FlightSwarm, type FlightSwarmOptions } from './flight-swarm.ts';
export {
  createSwarm,
  type DeviantGroup,
  evictedOf,
  inTimeShare,
  meanUtility,
  type Swarm,
  type SwarmOptions,
} from './swarm.ts';
