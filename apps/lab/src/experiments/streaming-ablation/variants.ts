/** FlightPath with one mechanism off, and where to see what that mechanism is for. */

import type { NodeId } from '@concordat/kernel';
import { flightDeviant } from '@concordat/streaming/deviations';
import {
  createFlightSwarm,
  FLIGHTPATH_ABLATIONS,
  type FlightPathPolicy,
  type FlightSwarm,
  settle,
  vanish,
} from '@concordat/streaming/simulation';
import { type Course, follow, seedsFor, someOf, watchedFlight } from '../../harness/streaming.ts';

export const SCENES = ['calm', 'malice', 'crowd', 'departure'] as const;
export type Scene = (typeof SCENES)[number];

/** The trouble detector off, and one of the mechanisms that it makes up for as well. */
const UNDETECTED = {
  'accept-all-undetected': 'accept-all',
  'no-alpha-undetected': 'no-alpha',
  'no-tail-inversion-undetected': 'no-tail-inversion',
} as const satisfies Record<string, keyof typeof FLIGHTPATH_ABLATIONS>;

export type Undetected = keyof typeof UNDETECTED;
export type Variant = 'whole' | 'no-code' | keyof typeof FLIGHTPATH_ABLATIONS | Undetected;

const isAblation = (variant: Variant): variant is keyof typeof FLIGHTPATH_ABLATIONS =>
  variant in FLIGHTPATH_ABLATIONS;
export const isUndetected = (variant: Variant): variant is Undetected => variant in UNDETECTED;

/** The variant in which the detector is on. */
export const detectedOf = (variant: Undetected): Variant => UNDETECTED[variant];

function policyOf(variant: Variant): Partial<FlightPathPolicy> {
  if (isUndetected(variant))
    return { ...FLIGHTPATH_ABLATIONS['no-trouble-detector'], ...FLIGHTPATH_ABLATIONS[UNDETECTED[variant]] };
  return isAblation(variant) ? FLIGHTPATH_ABLATIONS[variant] : {};
}

/** Share of the peers that agree to trades and deliver nothing, in malice; of those who go; of those who were there before a crowd. */
const BYZANTINE = 0.1;
const LEAVING = 0.5;
const FIRST = 1 / 6;

export const SCENE_WORDS: Readonly<Record<Scene, string>> = {
  calm: 'all obey',
  malice: '10 % deliver nothing',
  crowd: 'six times as many at once, old peers',
  departure: 'half gone at once',
};

const isByzantine = (node: NodeId): boolean => someOf([node], BYZANTINE).length > 0;

function swarmOf(variant: Variant, scene: Scene, seed: number, peers: number): FlightSwarm {
  const deviation = flightDeviant('delivers-nothing');
  return createFlightSwarm({
    seed,
    capacity: peers,
    // Without a code all of a round's packets are needed.
    config: { seeds: seedsFor(peers), ...(variant === 'no-code' && { neededPackets: 50 }) },
    policy: policyOf(variant),
    checkInvariants: false,
    conductOf: (node) => (scene === 'malice' && isByzantine(node) ? deviation : undefined),
  });
}

/** What those did who obey, are there from the beginning, and stay. */
export function runScene(
  variant: Variant,
  scene: Scene,
  seed: number,
  peers: number,
  rounds: number,
): Course {
  const swarm = swarmOf(variant, scene, seed, peers);
  const nodes = swarm.add(scene === 'crowd' ? Math.round(FIRST * peers) : peers);
  settle(swarm);
  let watched = nodes;
  if (scene === 'malice') watched = nodes.filter((node) => !isByzantine(node));
  if (scene === 'crowd') swarm.add(peers - nodes.length);
  if (scene === 'departure') {
    const gone = nodes.slice(0, LEAVING * peers);
    vanish(swarm, gone);
    watched = nodes.slice(gone.length);
  }
  return follow(watchedFlight(swarm), watched, rounds);
}
