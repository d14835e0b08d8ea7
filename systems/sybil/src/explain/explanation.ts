/** The explanation of one account, as a record: where it stands, the cut, what the cut would have cost an attacker, and what is proved then. */

import { degreeOf } from '@concordat/graph';
import { assert } from '@concordat/kernel';
import { type Bound, boundOf, type Method } from './bounds.ts';
import { countChains } from './chains.ts';
import { cutWithin, type Explainer, type ShownCut, searchRegion, shownCut } from './explainer.ts';
import type { Mixing } from './mixing.ts';
import type { Region } from './region.ts';
import type { SparseCut } from './sparsest-cut.ts';

export type Side = 'with-seeds' | 'apart' | 'undecided';

/** What decided about the side; the text says it in words. */
export type Ground =
  | 'no-seeds'
  | 'is-seed'
  | 'no-edges'
  | 'other-component'
  /** The sparsest cut around the account has seeds within. */
  | 'seeds-within'
  /** The account is within the sparsest cut around the seeds. */
  | 'within-seeds'
  /** Neither around the account nor around the seeds was a cut found that is so sparse that walks would not cross it. */
  | 'no-sparse-cut'
  /** A sparse cut around the account leaves all seeds outside. */
  | 'seeds-outside'
  /** A sparse cut around the seeds leaves the account outside. */
  | 'outside-seeds';

export interface Explanation {
  readonly account: number;
  readonly side: Side;
  readonly ground: Ground;
  readonly cut: ShownCut | null;
  /** Conductance below which a cut counts as sparse: 1 / log2 n. */
  readonly sparseBelow: number;
  /** Edges that the attacker would have, were the account's side his: those of the cut. */
  readonly attackEdges: number | null;
  /**
   * Chains of friends to the seeds without a common edge, up to `chainLimit`: the fewest attack edges that there are if the account is a
   * Sybil and the seeds are honest. Null for a seed or without seeds.
   */
  readonly chainCount: number | null;
  readonly chainLimit: number;
  /** The set with the lowest conductance of the sweep around the account, which the cut improves on; null without edges. */
  readonly sweep: SparseCut | null;
  /** What is proved of the method asked about; null without a cut or a measured graph. */
  readonly bound: Bound | null;
  readonly mixing: Mixing | null;
}

const CHAIN_LIMIT = 64;

function wholeComponent({ graph, components, componentVolumes }: Explainer, account: number): SparseCut {
  const component = components.of[account] as number;
  const members = new Uint32Array(graph.nodeCount)
    .map((_, node) => node)
    .filter((node) => components.of[node] === component);
  return { members, volume: componentVolumes[component] as number, weight: 0, conductance: 0 };
}

interface Finding {
  readonly side: Side;
  readonly ground: Ground;
  readonly cut: ShownCut | null;
}

/** Which of the two cuts decides, and how; the account is in the seeds' component and no seed. */
function compareCuts(explainer: Explainer, account: number, own: SparseCut, sparseBelow: number): Finding {
  const { seedCut, isBySeeds } = explainer;
  // Of equal ones the account's own is shown: it is the smaller, and exact.
  const isSparser = seedCut !== null && seedCut.conductance < own.conductance * (1 - 1e-9);
  if (isSparser && seedCut.conductance < sparseBelow) {
    const isWithin = isBySeeds[account] === 1;
    const cut = { ...seedCut, holdsAccount: isWithin };
    return isWithin
      ? { side: 'with-seeds', ground: 'within-seeds', cut }
      : { side: 'apart', ground: 'outside-seeds', cut };
  }
  const ownShown = shownCut(explainer, own, true);
  if (ownShown.seedCount > 0) return { side: 'with-seeds', ground: 'seeds-within', cut: ownShown };
  if (own.conductance >= sparseBelow) return { side: 'with-seeds', ground: 'no-sparse-cut', cut: ownShown };
  return { side: 'apart', ground: 'seeds-outside', cut: ownShown };
}

/** What needs no search; null: the account has neighbours, and seeds within reach. */
function plainFinding(explainer: Explainer, account: number): Finding | null {
  const { graph, seeds, isSeed, components } = explainer;
  const component = components.of[account] as number;
  if (seeds.length === 0) return { side: 'undecided', ground: 'no-seeds', cut: null };
  if (isSeed[account] === 1) return { side: 'with-seeds', ground: 'is-seed', cut: null };
  if (degreeOf(graph, account) === 0) return { side: 'apart', ground: 'no-edges', cut: null };
  if (seeds.some((seed) => components.of[seed] === component)) return null;
  return {
    side: 'apart',
    ground: 'other-component',
    cut: shownCut(explainer, wholeComponent(explainer, account), true),
  };
}

function searched(
  explainer: Explainer,
  account: number,
  region: Region | null,
  sparseBelow: number,
): Finding {
  assert(region !== null, 'an account with neighbours has a region');
  return compareCuts(explainer, account, cutWithin(explainer, region, Uint32Array.of(account)), sparseBelow);
}

function sweptSet({ nodes, profile, sweepLength }: Region): SparseCut {
  const at = sweepLength - 1;
  return {
    members: nodes.slice(0, sweepLength).sort(),
    volume: profile.volumes[at] as number,
    weight: profile.cuts[at] as number,
    conductance: profile.conductances[at] as number,
  };
}

function boundFor(explainer: Explainer, { cut }: Finding, method: Method): Bound | null {
  if (cut === null || explainer.mixing === null) return null;
  const { components, componentVolumes, home } = explainer;
  const size = components.sizes[home] as number;
  const [outerVolume, outerSize] = [
    (componentVolumes[home] as number) - cut.volume,
    size - cut.members.length,
  ];
  const meanDegree = cut.holdsAccount
    ? cut.volume / cut.members.length
    : outerVolume / Math.max(1, outerSize);
  return boundOf(method, {
    attackEdges: cut.edges.length / 2,
    nodeCount: size,
    meanDegree,
    mixing: explainer.mixing,
  });
}

/** Explains `account` as judged by `method`. O(volume limit) time, whatever the size of the graph. */
export function explainAccount(explainer: Explainer, account: number, method: Method): Explanation {
  const { graph, seeds, isSeed, components, mixing } = explainer;
  const sparseBelow =
    1 / Math.max(1, Math.log2(components.sizes[components.of[account] as number] as number));
  const region = degreeOf(graph, account) === 0 ? null : searchRegion(explainer, Uint32Array.of(account));
  const finding = plainFinding(explainer, account) ?? searched(explainer, account, region, sparseBelow);
  return {
    account,
    ...finding,
    sparseBelow,
    attackEdges: finding.cut === null ? null : finding.cut.edges.length / 2,
    chainCount:
      seeds.length === 0 || isSeed[account] === 1
        ? null
        : countChains(explainer.chains, account, CHAIN_LIMIT),
    chainLimit: CHAIN_LIMIT,
    sweep: region === null ? null : sweptSet(region),
    bound: boundFor(explainer, finding, method),
    mixing,
  };
}
