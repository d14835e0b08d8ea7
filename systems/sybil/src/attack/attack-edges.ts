/**
 * Attack edges: honest accounts that accept a Sybil as a friend, the only thing an attacker pays for. Whom he asks is the model:
 *
 * random            anybody, and any Sybil of his; what most papers measure, and the easiest to defend against
 * aimed             only the accounts that are nearest to the trusted seeds, where trust is thick
 * triangle-closing  first a stranger, then a friend of that stranger, from the same Sybil: the second request comes with a common
 *                   friend, and half of all attack edges close a triangle
 * community         only one community, around an account drawn at random
 */

import { degreeOf, descendingOrder, type Graph } from '@concordat/graph';
import { assert, type Prng } from '@concordat/kernel';
import { seedPageRank } from '../rank/acl.ts';

export type AttackModel =
  | { readonly kind: 'random' }
  /** The `share` of honest accounts that is nearest to `seeds`. */
  | { readonly kind: 'aimed'; readonly seeds: readonly number[]; readonly share: number }
  | { readonly kind: 'triangle-closing' }
  /** The `share` of honest accounts that is nearest to one of them. */
  | { readonly kind: 'community'; readonly share: number };

export type AttackKind = AttackModel['kind'];
export const ATTACK_KINDS: readonly AttackKind[] = ['random', 'triangle-closing', 'community', 'aimed'];

/** The model with the shares of all figures here: an aimed attacker asks the nearest twentieth, one that is after a community a tenth. */
export function usualAttack(kind: AttackKind, seeds: readonly number[]): AttackModel {
  switch (kind) {
    case 'aimed':
      return { kind, seeds, share: 0.05 };
    case 'community':
      return { kind, share: 0.1 };
    case 'random':
    case 'triangle-closing':
      return { kind };
    default:
      return kind satisfies never;
  }
}

export interface AttackEdges {
  /** Honest end of each edge, and its Sybil end, each in the numbering of its own region. */
  readonly victims: Uint32Array;
  readonly sybils: Uint32Array;
}

/** Restart of the walk that tells who is near: it takes some ten steps. */
const NEARNESS_RESTART = 0.1;

/** The `share` of nodes, at least one, where a walk from `seeds` is most often for their degree, nearest first. */
export function nearestTo(graph: Graph, seeds: readonly number[], share: number): Uint32Array {
  const reach = seedPageRank(graph, seeds, NEARNESS_RESTART);
  const closeness = reach.map((mass, node) => mass / Math.max(1, degreeOf(graph, node)));
  return descendingOrder(closeness).slice(0, Math.max(1, Math.round(share * graph.nodeCount)));
}

function drawFrom(targets: Uint32Array | null, honest: Graph, random: Prng): number {
  return targets === null
    ? random.below(honest.nodeCount)
    : (targets[random.below(targets.length)] as number);
}

function targetsOf(honest: Graph, model: AttackModel, random: Prng): Uint32Array | null {
  switch (model.kind) {
    case 'random':
    case 'triangle-closing':
      return null;
    case 'aimed':
      return nearestTo(honest, model.seeds, model.share);
    case 'community':
      return nearestTo(honest, [random.below(honest.nodeCount)], model.share);
    default:
      return model satisfies never;
  }
}

/** `count` distinct edges between the honest region and `sybilCount` Sybils; no more than half of the pairs that the model allows. */
export function drawAttackEdges(
  honest: Graph,
  sybilCount: number,
  count: number,
  model: AttackModel,
  random: Prng,
): AttackEdges {
  const targets = targetsOf(honest, model, random);
  const room = (targets?.length ?? honest.nodeCount) * sybilCount;
  assert(2 * count <= room, 'attack edges are at most half of the pairs, so that draws find free ones');
  const [victims, sybils] = [new Uint32Array(count), new Uint32Array(count)];
  const seen = new Set<number>();
  let filled = 0;
  const add = (victim: number, sybil: number): boolean => {
    const key = victim * sybilCount + sybil;
    if (filled === count || seen.has(key)) return false;
    seen.add(key);
    victims[filled] = victim;
    sybils[filled] = sybil;
    filled += 1;
    return true;
  };
  while (filled < count) {
    const [victim, sybil] = [drawFrom(targets, honest, random), random.below(sybilCount)];
    const degree = degreeOf(honest, victim);
    if (!add(victim, sybil) || model.kind !== 'triangle-closing' || degree === 0) continue;
    add(honest.targets[(honest.offsets[victim] as number) + random.below(degree)] as number, sybil);
  }
  return { victims, sybils };
}
