/**
 * Who gets which packet from the broadcaster: for each packet a few peers, uniformly and unforeseeably, so that no peer can live on
 * seeds and none can be starved of them.
 */

import { createDraws, type Hash } from '@concordat/crypto';

/** For each drawn place in [0, members): the packets it gets, ascending. `secret` is used once. */
export function planSeeds(
  hash: Hash,
  secret: Uint8Array,
  members: number,
  packets: number,
  copies: number,
): Map<number, number[]> {
  const plan = new Map<number, number[]>();
  if (members === 0) return plan;
  const draws = createDraws(hash, secret, 'stream-seeds');
  const wanted = Math.min(copies, members);
  for (let index = 0; index < packets; index++) {
    for (let given = 0; given < wanted; ) {
      const place = draws.below(members);
      const list = plan.get(place);
      if (list === undefined) plan.set(place, [index]);
      else if (list[list.length - 1] === index) continue;
      else list.push(index);
      given++;
    }
  }
  return plan;
}
