/** GateKeeper's tickets in the plainest way: maps for levels and for who holds how many. */

import type { Graph } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';

function neighboursOf({ offsets, targets }: Graph, node: number): readonly number[] {
  return [...targets.subarray(offsets[node], offsets[node + 1])];
}

/** By node, in the order in which they got the first of theirs, the tickets that came to it from `source`; the same draws as `distribute`. */
export function plainTickets(
  graph: Graph,
  source: number,
  tickets: number,
  random: Prng,
): Map<number, number> {
  const levels = new Map([[source, 0]]);
  for (const [node, level] of levels)
    for (const target of neighboursOf(graph, node)) if (!levels.has(target)) levels.set(target, level + 1);
  const held = new Map([[source, tickets]]);
  // Nodes that are added while it runs come up in turn, with all that they got by then.
  for (const node of held.keys()) {
    const given = (held.get(node) ?? 0) - 1;
    const heirs = neighboursOf(graph, node).filter(
      (target) => levels.get(target) === (levels.get(node) ?? 0) + 1,
    );
    if (given === 0 || heirs.length === 0) continue;
    const give = (heir: number, count: number) => held.set(heir, (held.get(heir) ?? 0) + count);
    const each = Math.floor(given / heirs.length);
    if (each > 0) for (const heir of heirs) give(heir, each);
    const extra = given % heirs.length;
    const first = extra === 0 ? 0 : random.below(heirs.length);
    for (let at = first; at < first + extra; at += 1) give(heirs[at % heirs.length] as number, 1);
  }
  return held;
}
