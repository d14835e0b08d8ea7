/**
 * The largest part of a set whose every member has more than half of the weight of its edges inside the part (a strong community in the
 * sense of Radicchi et al., PNAS 2004). Who has not is there by an edge or two: of a Sybil that some
 * members befriended most friends are other Sybils. Each removal lowers the weight of the cut, and the order of removals does not matter,
 * because a member that must go still must when others have gone.
 */

import { type Graph, marksOf, weightedDegrees } from '@concordat/graph';

/** Members of `set` that stay, in its order. Linear in the edges of the set and the nodes of the graph; `degrees` are its weighted ones. */
export function settledCore(graph: Graph, set: Uint32Array, degrees = weightedDegrees(graph)): Uint32Array {
  const { offsets, targets, weights } = graph;
  const marks = marksOf(graph.nodeCount, set);
  const inside = new Float64Array(graph.nodeCount);
  const leaving = new Uint32Array(set.length);
  let [head, tail] = [0, 0];
  const leaveIfUnsettled = (node: number): void => {
    if (marks[node] === 0 || 2 * (inside[node] as number) > (degrees[node] as number)) return;
    marks[node] = 0;
    leaving[tail++] = node;
  };
  for (const node of set)
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1)
      if (marks[targets[arc] as number] === 1)
        inside[node]! += weights === null ? 1 : (weights[arc] as number);
  for (const node of set) leaveIfUnsettled(node);
  for (; head < tail; head += 1) {
    const node = leaving[head] as number;
    for (let arc = offsets[node] as number; arc < (offsets[node + 1] as number); arc += 1) {
      const friend = targets[arc] as number;
      inside[friend]! -= weights === null ? 1 : (weights[arc] as number);
      leaveIfUnsettled(friend);
    }
  }
  return set.filter((node) => marks[node] === 1);
}
