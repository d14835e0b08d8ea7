/** SybilInfer in the plainest way: traces counted anew for every set, logarithms where they are needed, and every set weighed. */

/** Nodes in the set, walks from it that end in it, and walks from outside that end outside. */
export function plainCounts(
  perNode: number,
  ends: Uint32Array,
  isHonest: Uint8Array,
): readonly [honest: number, stayingHonest: number, stayingSybil: number] {
  const staying = [0, 0];
  for (const [walk, end] of ends.entries()) {
    const side = isHonest[Math.floor(walk / perNode)] as number;
    if (isHonest[end] === side) staying[side]! += 1;
  }
  return [isHonest.reduce((sum, one) => sum + one, 0), staying[1] as number, staying[0] as number];
}

function plainSide(size: number, nodeCount: number, staying: number, count: number): number {
  if (count === 0) return 0;
  const stay = Math.max(staying / count, size / nodeCount);
  const leaving = count - staying;
  const ends = staying === 0 ? 0 : staying * Math.log(stay / size);
  return leaving === 0 ? ends : ends + leaving * Math.log((1 - stay) / (nodeCount - size));
}

/** Logarithm of the likelihood of walks with these counts. */
export function plainLikelihood(
  nodeCount: number,
  perNode: number,
  [honest, stayingHonest, stayingSybil]: readonly [number, number, number],
): number {
  const others = nodeCount - honest;
  return (
    plainSide(honest, nodeCount, stayingHonest, honest * perNode) +
    plainSide(others, nodeCount, stayingSybil, others * perNode)
  );
}

/** By node the weight of all sets that hold it and the seeds, over that of all sets that hold the seeds; for a few nodes. */
export function plainProbabilities(
  perNode: number,
  ends: Uint32Array,
  isSeed: Uint8Array,
  logOdds: number,
): Float64Array {
  const nodeCount = isSeed.length;
  const sums = new Float64Array(nodeCount);
  let total = 0;
  for (let set = 0; set < 2 ** nodeCount; set += 1) {
    const isHonest = isSeed.map((_, node) => (set >> node) & 1);
    if (isSeed.some((seed, node) => seed > (isHonest[node] as number))) continue;
    const counts = plainCounts(perNode, ends, isHonest);
    const weight = Math.exp(plainLikelihood(nodeCount, perNode, counts) + counts[0] * logOdds);
    total += weight;
    for (const [node, marked] of isHonest.entries()) sums[node]! += marked * weight;
  }
  return sums.map((sum) => sum / total);
}
