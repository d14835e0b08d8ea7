/**
 * What is proved of each method: how many Sybils it lets pass for g attack edges, under which assumptions, and whether those look true on
 * the graph at hand. A bound in O-notation has no constant, so its value here says how it grows, not how many there are. Table 1 of
 * SybilSCAR (Wang, Jia, Zhang and Gong, TNSE 2019) collects most of them.
 */

import type { Mixing } from './mixing.ts';

export type Method =
  | 'ACL'
  | 'CIA'
  | 'GateKeeper'
  | 'Integro'
  | 'SumUp'
  | 'SybilBelief'
  | 'SybilGuard'
  | 'SybilInfer'
  | 'SybilLimit'
  | 'SybilRank'
  | 'SybilSCAR-C'
  | 'SybilSCAR-D';

export interface Assumption {
  readonly text: string;
  /** Whether it looks true here; null: the graph cannot tell. */
  readonly seemsTrue: boolean | null;
}

export interface Bound {
  readonly method: Method;
  /** Sybils accepted or ranked above honest nodes; null: nothing is proved. */
  readonly formula: string | null;
  /** The formula with 1 for a constant that is not known; null without a formula that counts Sybils. */
  readonly value: number | null;
  /** Whether the formula has no hidden constant. */
  readonly isExact: boolean;
  readonly assumptions: readonly Assumption[];
}

/** What bounds are made of. */
export interface CutFacts {
  /** g: edges between the two sides of the cut that is held against an account. */
  readonly attackEdges: number;
  /** n: accounts within reach of the seeds. */
  readonly nodeCount: number;
  /** Mean degree on the account's side. */
  readonly meanDegree: number;
  readonly mixing: Mixing;
}

function commonAssumptions({ mixing }: CutFacts): Assumption[] {
  // One slow direction besides the trivial one is what a single Sybil region itself looks like.
  const seemsTrue = mixing.communityCount <= 2;
  const text = `walks of ${mixing.steps} steps mix within the honest region`;
  return [
    { text, seemsTrue },
    { text: 'the seeds are honest', seemsTrue: null },
  ];
}

function smallCut({ attackEdges }: CutFacts, limit: number, text: string): Assumption {
  return { text, seemsTrue: attackEdges < limit };
}

/** The formula of a method, what it gives here, and assumptions beyond the common ones; null: nothing is proved. */
function formulaOf(method: Method, facts: CutFacts): Omit<Bound, 'method'> | null {
  const { attackEdges: g, nodeCount: n, meanDegree } = facts;
  const log = Math.log2(Math.max(2, n));
  const natural = Math.log(Math.max(2, n));
  const perEdge = (formula: string, value: number, more: Assumption): Omit<Bound, 'method'> => ({
    formula,
    value,
    isExact: false,
    assumptions: [...commonAssumptions(facts), more],
  });
  const sparse = smallCut(facts, n / log, 'g is well below n / log n');
  switch (method) {
    case 'SybilGuard':
      // Routes that enter over one attack edge converge: the Sybils that a verifier meets fall into g groups of at most w.
      return {
        ...perEdge(
          'g sqrt(n) ln n',
          g * Math.sqrt(n) * natural,
          smallCut(facts, Math.sqrt(n) / natural, 'g is well below sqrt(n) / ln n'),
        ),
        isExact: true,
      };
    case 'SybilLimit':
    case 'SybilRank':
      return perEdge('O(g log n)', g * log, sparse);
    case 'Integro':
      return perEdge('O(g log n), g by weight', g * log, sparse);
    case 'SybilSCAR-D':
      return perEdge('O(g log n / mean degree of the Sybils)', (g * log) / Math.max(1, meanDegree), sparse);
    case 'GateKeeper':
      return perEdge('O(g log g)', g * Math.max(1, Math.log2(Math.max(1, g))), {
        text: 'the honest region is an expander',
        seemsTrue: facts.mixing.communityCount <= 2,
      });
    case 'SumUp':
      return {
        formula: 'g + the tickets that crossed attack edges (bogus votes)',
        value: g,
        isExact: true,
        assumptions: [
          { text: 'the collector is honest', seemsTrue: null },
          { text: 'few tickets reach attack edges: g is well below n / votes', seemsTrue: null },
        ],
      };
    case 'ACL':
      // The walk's mass outside a set H is at most the conductance of H over the teleport; that bounds mass, not accounts.
      return {
        formula: 'mass outside the honest region H at most g / (a vol(H))',
        value: null,
        isExact: true,
        assumptions: [
          { text: 'the seeds are honest, and typical of H rather than at its border', seemsTrue: null },
        ],
      };
    default:
      return null;
  }
}

/** The bound of a method, for the cut that is held against an account. */
export function boundOf(method: Method, facts: CutFacts): Bound {
  const found = formulaOf(method, facts);
  return { method, ...(found ?? { formula: null, value: null, isExact: false, assumptions: [] }) };
}
