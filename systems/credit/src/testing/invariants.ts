/** What must hold of a network after every step of a test, and a slow oracle of what can be paid. */

import assert from 'node:assert/strict';
import { buildGraph, type Graph } from '@concordat/graph';
import type { Prng } from '@concordat/kernel';
import { type CreditNetwork, pairKey, placeBetween } from '../network/network.ts';
import { settleRow } from '../network/recovery.ts';

/** Units held on each link, by `pairKey`. */
function heldUnits(network: CreditNetwork): Map<string, number> {
  const held = new Map<string, number>();
  for (const { steps } of network.holds.byToken.values())
    for (let at = 0; at < steps.length; at += 3) {
      const key = pairKey(steps[at] as number, steps[at + 1] as number);
      const weight = network.policy.isSymmetric ? 2 : 1;
      held.set(key, (held.get(key) ?? 0) + weight * (steps[at + 2] as number));
    }
  return held;
}

/** Rows sorted, copies equal, nothing negative, and on each link: left and held is what it began with. */
export function assertSound(network: CreditNetwork): void {
  const held = heldUnits(network);
  let arcs = 0;
  for (let node = 0; node < network.nodeCount; node += 1) {
    let last = -1;
    for (let at = network.starts[node] as number; at < (network.ends[node] as number); at += 1) {
      const target = network.targets[at] as number;
      const twin = placeBetween(network, target, node);
      assert.ok(target > last && target !== node && twin >= 0, `row ${node} is sorted and has twins`);
      last = target;
      arcs += 1;
      const [own, other] = [network.out[at] as number, network.back[at] as number];
      assert.deepEqual([network.back[twin], network.out[twin]], [own, other], 'both copies agree');
      assert.equal(network.stamps[twin], network.stamps[at], 'both copies recovered together');
      assert.ok(own >= 0 && other >= 0, `nothing negative between ${node} and ${target}`);
      const began = (network.base[at] as number) + (network.base[twin] as number);
      assert.equal(
        own + other + (held.get(pairKey(node, target)) ?? 0),
        began,
        'units of a link are conserved',
      );
    }
  }
  assert.equal(arcs, 2 * network.linkCount);
  for (const [key, { low, high }] of network.parked) {
    assert.ok(low[0] >= 0 && high[0] >= 0, `nothing negative between ${key}, which was removed`);
    assert.equal(
      low[0] + high[0] + (held.get(key) ?? 0),
      low[1] + high[1],
      'units of a removed link are conserved',
    );
  }
}

/** The largest flow between two accounts, by plain augmenting over a matrix. */
export function maxFlow(network: CreditNetwork, from: number, to: number): number {
  const size = network.nodeCount;
  const left = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (let node = 0; node < size; node += 1) {
    settleRow(network, node);
    for (let at = network.starts[node] as number; at < (network.ends[node] as number); at += 1)
      (left[node] as number[])[network.targets[at] as number] = network.out[at] as number;
  }
  let total = 0;
  const visit = (node: number, seen: Set<number>): boolean => {
    if (node === to) return true;
    seen.add(node);
    for (let next = 0; next < size; next += 1)
      if (((left[node] as number[])[next] as number) > 0 && !seen.has(next) && visit(next, seen)) {
        (left[node] as number[])[next]! -= 1;
        (left[next] as number[])[node]! += 1;
        return true;
      }
    return false;
  };
  while (visit(from, new Set())) total += 1;
  return total;
}

/** A graph of `nodes` in which each pair is linked with the given probability. */
export function randomGraph(prng: Prng, nodes: number, probability: number): Graph {
  const [sources, targets]: [number[], number[]] = [[], []];
  for (let a = 0; a < nodes; a += 1)
    for (let b = a + 1; b < nodes; b += 1)
      if (prng.chance(probability)) {
        sources.push(a);
        targets.push(b);
      }
  const list = { sources: Uint32Array.from(sources), targets: Uint32Array.from(targets) };
  return buildGraph({ nodeCount: nodes, isDirected: false, ...list, weights: null }).graph;
}
