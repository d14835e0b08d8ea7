/** The command line of the benchmark of graphs. */

import { parseArgs } from 'node:util';
import { positive } from '../options.ts';

export interface GraphOptions {
  /** Edges of each graph that is generated. */
  readonly edges: readonly number[];
  readonly degree: number;
  readonly rounds: number;
  readonly seed: number;
  /** Libraries to measure beside ours. */
  readonly peers: readonly PeerLibrary[];
  readonly python: string;
  readonly json: boolean;
}

export const PEER_LIBRARIES = ['igraph', 'scipy', 'networkx', 'graphology'] as const;
export type PeerLibrary = (typeof PEER_LIBRARIES)[number];

export const GRAPHS_USAGE = `bench graphs: loading and ranking large graphs, beside python-igraph, scipy, networkx and graphology

  npm run bench -- graphs --compare

  --compare       also the peers, in the same rounds (python3 -m pip install igraph networkx scipy)
  --peers LIST    of ${PEER_LIBRARIES.join(',')}, in place of all; the last two are left out above two million edges
  --python PATH   that has them (default python3)
  --edges LIST    of the graphs, by preferential attachment (default 1000000,10000000)
  --degree N      edges that each node brings (default 10)
  --rounds N      of all rankings, in which ours and the peers take turns; medians are shown (default 3)
  --seed N        (default 1)
  --json          figures as JSON on standard output

The status is 1 if a ranking takes more than three times a peer's, if scores differ, or if loading takes more than 2 GB.
`;

/** Parses the arguments, or returns what is wrong with them. */
export function parseGraphOptions(args: readonly string[]): GraphOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        compare: { type: 'boolean', default: false },
        peers: { type: 'string' },
        python: { type: 'string', default: 'python3' },
        edges: { type: 'string', default: '1000000,10000000' },
        degree: { type: 'string', default: '10' },
        rounds: { type: 'string', default: '3' },
        seed: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
      },
    });
    const named = values.peers?.split(',') ?? (values.compare ? [...PEER_LIBRARIES] : []);
    const peers = PEER_LIBRARIES.filter((library) => named.includes(library));
    if (peers.length < named.length) return `not a list of ${PEER_LIBRARIES.join(', ')}: ${values.peers}`;
    const degree = positive(values.degree);
    const edges = values.edges.split(',').map(positive);
    for (const count of edges)
      if (count < 20 * degree) return `too few edges for a degree of ${degree}: ${count}`;
    return {
      ...{ edges, degree, peers, python: values.python, json: values.json },
      ...{ rounds: positive(values.rounds), seed: positive(values.seed) },
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
