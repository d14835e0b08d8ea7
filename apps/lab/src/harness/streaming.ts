/** What the experiments with streams have in common: who misbehaves, how many get each packet, what happened round by round. */

import type { NodeId } from '@concordat/kernel';

/** 5 % of the peers get each packet from the broadcaster. */
export const seedsFor = (peers: number): number => Math.max(2, Math.floor(0.05 * peers));

/** A share of the ids, in tenths, evenly spread. */
export const someOf = (ids: readonly NodeId[], share: number): NodeId[] =>
  ids.filter((id) => (id * 7) % 10 < Math.round(10 * share));
