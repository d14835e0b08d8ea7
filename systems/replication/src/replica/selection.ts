/**
 * The frame of every decision about a new view: from the highest stable checkpoint that its VIEW-CHANGEs prove, slot by
 * slot, to the last that any of them speaks of. What a slot gets is the order protocol's rule.
 */

import type { Digest } from '@concordat/kernel';
import { stableOf } from './checkpoint.ts';
import type { ViewChange } from './messages.ts';
import type { Selection, Stable } from './state.ts';

/**
 * @param last slot that the messages speak of
 * @param choose a slot's digest, null if it is free, undefined if these messages do not decide it
 */
export function selectFrom(
  base: Stable,
  last: number,
  choose: (slot: number) => Digest | null | undefined,
): Selection | null {
  const digests: (Digest | null)[] = [];
  for (let slot = base.slot + 1; slot <= last; slot++) {
    const chosen = choose(slot);
    if (chosen === undefined) return null;
    digests.push(chosen);
  }
  while (digests.length > 0 && digests.at(-1) === null) digests.pop();
  return { base, digests };
}

export function highestStable(changes: readonly ViewChange[], genesis: Stable): Stable {
  let base = genesis;
  for (const { stable } of changes) {
    const claimed = stableOf(stable);
    if (claimed !== null && claimed.slot > base.slot) base = claimed;
  }
  return base;
}
