/** What SybilGuard and SybilLimit admit of a graph with its replica behind random attack edges, and how much they look at. */

import { type Graph, largestComponent } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { mountAttack } from '../attack/attack.ts';
import { drawLabels } from '../attack/draw-labels.ts';
import { areaUnderRoc } from '../evaluate/roc.ts';
import { walkLength } from '../rank/sybilrank.ts';
import { type Admissions, combinedAdmissions } from '../routes/admission.ts';
import { randomOrder } from '../routes/rankings.ts';
import { createRouting, type Routing } from '../routes/route.ts';
import { guardAdmissionsOf, guardRouteLength } from '../routes/sybilguard.ts';
import { estimateInstances, limitAdmissions } from '../routes/sybillimit.ts';

/** A graph under attack and its verifiers. */
export interface RouteCase {
  readonly routing: Routing;
  readonly kinds: Uint8Array;
  readonly honestCount: number;
  readonly attackEdgeCount: number;
  readonly verifiers: readonly number[];
}

export interface RouteFigures {
  readonly area: number;
  readonly honestShare: number;
  readonly sybilsPerEdge: number;
}

export function routeCase(whole: Graph, edgeCount: number, verifierCount: number, draw: number): RouteCase {
  const random = createPrng(draw, `routes ${edgeCount}`);
  const honest = largestComponent(whole).graph;
  const attack = { region: { kind: 'replica' }, edges: { kind: 'random' }, edgeCount } as const;
  const { graph, kinds, honestCount } = mountAttack(honest, attack, random.fork('attack'));
  const labels = drawLabels(kinds, { honest: verifierCount, sybils: 0, noise: 0 }, random.fork('labels'));
  const verifiers = labels.honest;
  return { routing: createRouting(graph), kinds, honestCount, attackEdgeCount: edgeCount, verifiers };
}

export function guardFigures(
  { routing, verifiers, ...truth }: RouteCase,
  draw: number,
  routeLength = guardRouteLength(routing.graph.nodeCount),
): RouteFigures {
  const each = guardAdmissionsOf(routing, verifiers, { routeLength }, createPrng(draw, 'guard'));
  return figuresOf(combinedAdmissions(routing.graph.nodeCount, each), truth);
}

/** Also r of each verifier. */
export function limitFigures(
  { routing, verifiers, ...truth }: RouteCase,
  draw: number,
  routeLength = walkLength(routing.graph.nodeCount),
): RouteFigures & { readonly instanceCounts: readonly number[] } {
  const random = createPrng(draw, 'limit');
  const order = randomOrder(routing.graph.nodeCount, random);
  const instanceCounts: number[] = [];
  const each = verifiers.map((verifier) => {
    const { instanceCount } = estimateInstances(routing, verifier, routeLength, random);
    instanceCounts.push(instanceCount);
    return limitAdmissions(routing, verifier, { instanceCount, routeLength, order }, random);
  });
  return { ...figuresOf(combinedAdmissions(routing.graph.nodeCount, each), truth), instanceCounts };
}

function figuresOf(
  { accepted, scores }: Admissions,
  { kinds, honestCount, attackEdgeCount }: Omit<RouteCase, 'routing' | 'verifiers'>,
): RouteFigures {
  const countIn = (from: number, to: number) => accepted.subarray(from, to).reduce((sum, is) => sum + is, 0);
  return {
    area: areaUnderRoc(scores, kinds),
    honestShare: countIn(0, honestCount) / honestCount,
    sybilsPerEdge: countIn(honestCount, kinds.length) / attackEdgeCount,
  };
}
