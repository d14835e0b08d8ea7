/** What schemes that admit come to on an honest graph with its replica behind random attack edges, and whose votes SumUp counts there. */

import type { Graph } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { type AttackedGraph, mountAttack } from '../attack/attack.ts';
import { drawLabels, withoutLabelled } from '../attack/draw-labels.ts';
import { areaUnderRoc, HONEST, UNJUDGED } from '../evaluate/roc.ts';
import {
  admitByGate,
  admitByGuard,
  admitByInference,
  admitByLimit,
  admitByVotes,
} from '../routes/rankings.ts';
import { createLinkHistory } from '../votes/history.ts';
import { collectVotes } from '../votes/sumup.ts';

export const SCHEMES = {
  SybilGuard: admitByGuard,
  SybilLimit: admitByLimit,
  SybilInfer: admitByInference,
  GateKeeper: admitByGate,
  SumUp: admitByVotes,
} as const;
export type Scheme = keyof typeof SCHEMES;

export interface Figures {
  readonly area: number;
  /** Share of the honest accounts that are admitted, or whose votes are counted. */
  readonly honest: number;
  readonly sybilsPerEdge: number;
}

function attacked(honest: Graph, edgeCount: number, draw: number): AttackedGraph {
  const attack = { region: { kind: 'replica' }, edges: { kind: 'random' }, edgeCount } as const;
  return mountAttack(honest, attack, createPrng(draw, `admission ${edgeCount}`));
}

/** One draw: 20 seeds, none of which is judged. `steps` of routes and walks; null: the scheme's own number. */
export function admissionDraw(
  honest: Graph,
  edgeCount: number,
  scheme: Scheme,
  draw: number,
  steps: number | null = null,
): Figures {
  const { graph, kinds, honestCount } = attacked(honest, edgeCount, draw);
  const labels = drawLabels(kinds, { honest: 20, sybils: 0, noise: 0 }, createPrng(draw, 'labels'));
  const { accepted, scores } = SCHEMES[scheme](
    graph,
    labels,
    steps === null ? {} : { steps },
    createPrng(draw, scheme),
  );
  const admitted = [...accepted.keys()].filter((node) => accepted[node] === 1);
  const good = admitted.filter((node) => kinds[node] === HONEST).length;
  return {
    area: areaUnderRoc(scores, withoutLabelled(kinds, labels, UNJUDGED)),
    honest: good / honestCount,
    sybilsPerEdge: (admitted.length - good) / edgeCount,
  };
}

/** One collection: `honestVotes` honest and `bogusVotes` Sybil accounts vote, over at most `linkLimit` links each. */
export function votesDraw(
  honest: Graph,
  edgeCount: number,
  [honestVotes, bogusVotes]: readonly [number, number],
  linkLimit: number | null,
  draw: number,
): Omit<Figures, 'area'> {
  const { graph, honestCount } = attacked(honest, edgeCount, draw);
  const random = createPrng(draw, 'votes');
  const voters = new Set<number>();
  while (voters.size < honestVotes) voters.add(random.below(honestCount));
  while (voters.size < honestVotes + bogusVotes)
    voters.add(honestCount + random.below(graph.nodeCount - honestCount));
  const history = createLinkHistory(graph.targets.length);
  const collector = random.below(honestCount);
  const { paths } = collectVotes(graph, collector, Uint32Array.from(voters), { linkLimit }, history, random);
  const counted = (votes: readonly (Uint32Array | null)[]) => votes.filter((path) => path !== null).length;
  return {
    honest: counted(paths.slice(0, honestVotes)) / honestVotes,
    sybilsPerEdge: counted(paths.slice(honestVotes)) / edgeCount,
  };
}
