/** The explanation of one account: as a record of names for programs, as text for people, and as the picture's page. */

import { degreeOf, type Graph } from '@concordat/graph';
import { type Explanation, explanationLines } from '@concordat/sybil';
import type { NamedGraph } from './named-graph.ts';
import { layOut } from './picture/layout.ts';
import { type Neighbourhood, neighbourhoodOf } from './picture/neighbourhood.ts';
import { pageOf } from './picture/page.ts';
import type { RankedAccounts } from './ranked.ts';

export interface Explained {
  readonly named: NamedGraph;
  readonly explanation: Explanation;
  readonly seeds: readonly number[];
  readonly ranked: RankedAccounts;
}

/** A place in the list of suspects, from 1; null for accounts that no seed reaches. */
export function placesOf({ order, named }: RankedAccounts): Uint32Array {
  const places = new Uint32Array(named.graph.nodeCount);
  for (const [at, node] of order.entries()) places[node] = at + 1;
  return places;
}

/** Control characters do things to terminals, and names are from outside. */
export const printable = (name: string): string => name.replace(/\p{Cc}/gu, '\ufffd');

function linesOf({ named, explanation, ranked }: Explained): string[] {
  const nameOf = (node: number): string => printable(named.nameOf(node));
  return [...explanationLines(explanation, nameOf), placeSentence(ranked, explanation.account)];
}

export const explanationText = (explained: Explained): string => `${linesOf(explained).join('\n')}\n`;

function placeSentence(ranked: RankedAccounts, account: number): string {
  const place = placesOf(ranked)[account] as number;
  return place === 0
    ? 'No seed reaches it: rankings say nothing of it.'
    : `In the list of suspects it is ${place} of ${ranked.order.length}.`;
}

/** Every number of the explanation, with names for nodes. */
export function explanationJson({ named, explanation, ranked }: Explained): string {
  const { account, cut, ...rest } = explanation;
  const place = placesOf(ranked)[account] as number;
  const edges = cut === null ? [] : pairsOf(cut.edges).map((pair) => pair.map(named.nameOf));
  const record = {
    version: 1,
    account: named.nameOf(account),
    ...rest,
    place: place === 0 ? null : place,
    score: place === 0 ? null : ranked.scores[account],
    judged: ranked.order.length,
    cut:
      cut === null
        ? null
        : {
            holdsAccount: cut.holdsAccount,
            accounts: cut.members.length,
            seeds: cut.seedCount,
            volume: cut.volume,
            weight: cut.weight,
            conductance: cut.conductance,
            members: [...cut.members].map(named.nameOf),
            edges,
          },
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}

const pairsOf = (ends: Uint32Array): [number, number][] =>
  Array.from({ length: ends.length / 2 }, (_, at) => [ends[2 * at] as number, ends[2 * at + 1] as number]);

/** By node: 1 beyond the cut, as seen from most of the seeds; 0 everywhere where there is no cut. */
function sideOf(graph: Graph, { cut }: Explanation, seeds: readonly number[]): Uint8Array {
  const side = new Uint8Array(graph.nodeCount);
  if (cut === null) return side;
  const areMembersTrusted = 2 * cut.seedCount > seeds.length;
  if (areMembersTrusted) side.fill(1);
  for (const node of cut.members) side[node] = areMembersTrusted ? 0 : 1;
  return side;
}

/** Accounts in a picture, whatever is asked for: browsers draw more, but nobody sees anything in it. */
export const MOST_SHOWN = 4000;

/** The picture as a page with about so many accounts. */
export function explanationPage(explained: Explained, asked: number): string {
  const { named, explanation, seeds, ranked } = explained;
  const { graph } = named;
  const side = sideOf(graph, explanation, seeds);
  const around = neighbourhoodOf({ graph, account: explanation.account, seeds, side }, asked, MOST_SHOWN);
  const positions = layOut(
    around.edges,
    around.nodes.map((node) => side[node] as number),
  );
  const places = placesOf(ranked);
  const nodes = around.nodes.map((node, at) => ({
    name: named.nameOf(node),
    x: positions.x[at] as number,
    y: positions.y[at] as number,
    isApart: side[node] === 1,
    isSeed: ranked.isSeed[node] === 1,
    degree: degreeOf(graph, node),
    score: places[node] === 0 ? null : (ranked.scores[node] as number),
    place: places[node] === 0 ? null : (places[node] as number),
  }));
  const [verdict = '', ...lines] = linesOf(explained);
  return pageOf(
    {
      account: named.nameOf(explanation.account),
      verdict,
      sections: [{ heading: 'Why', lines }],
      leftOut: leftOutSentence(around),
    },
    { nodes, edges: around.edges, judged: ranked.order.length },
  );
}

function leftOutSentence({ nodes, hiddenAccounts, hiddenCutEdges, cutEdges }: Neighbourhood): string {
  if (hiddenAccounts === 0) return '';
  const cut =
    hiddenCutEdges === 0
      ? `all ${cutEdges} edges of the cut are in it`
      : `${cutEdges - hiddenCutEdges} of the ${cutEdges} edges of the cut are in it, the nearest to the account`;
  return `It shows ${nodes.length} of ${nodes.length + hiddenAccounts} accounts, those nearest to the account, the cut and the seeds; ${cut}.${nodes.length < MOST_SHOWN ? ' --nodes shows more.' : ''}`;
}
