/**
 * Graphs from and to graphology, the model that sigma.js draws. By structure: whatever has these functions will do, so nobody needs
 * graphology who does not draw.
 */

import {
  type BuiltGraph,
  buildGraph,
  createEdgeBuffer,
  createNodeNames,
  edgeListOf,
  edgesOf,
  type Graph,
  type NodeNames,
  nameOf,
  nodeOfText,
  pushEdge,
} from '@concordat/graph';
import { GraphError } from './graph-error.ts';

type Attributes = Readonly<Record<string, unknown>>;

export interface GraphologySource {
  readonly type: string;
  forEachNode(visit: (node: string, attributes: Attributes) => void): void;
  forEachEdge(visit: (edge: string, attributes: Attributes, source: string, target: string) => void): void;
}

export interface GraphologyTarget {
  addNode(node: string, attributes?: Record<string, unknown>): unknown;
  addEdge(source: string, target: string, attributes?: Record<string, unknown>): unknown;
}

export interface ImportedGraph extends BuiltGraph {
  readonly names: NodeNames;
}

/**
 * The graph that a graphology graph is, weighing edges by the attribute `weight` if one is named. Throws `GraphError` `malformed` if
 * edges of both kinds are mixed, or a weight is not finite and above zero.
 */
export function fromGraphology(source: GraphologySource, weight?: string): ImportedGraph {
  if (source.type === 'mixed' && directionsIn(source) === 2)
    throw new GraphError('malformed', 'graphology', 'directed and undirected edges are mixed');
  const names = createNodeNames('text', 0);
  const nodeOf = (name: string): number => {
    const bytes = Buffer.from(name);
    return nodeOfText(names, bytes, 0, bytes.length, true);
  };
  source.forEachNode((node) => nodeOf(node));
  const edges = createEdgeBuffer(weight !== undefined);
  source.forEachEdge((edge, attributes, from, to) => {
    const value = weight === undefined ? 1 : attributes[weight];
    if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value))
      throw new GraphError(
        'malformed',
        'graphology',
        `edge ${edge}: its weight is not finite and above zero`,
      );
    pushEdge(edges, nodeOf(from), nodeOf(to), value);
  });
  const isDirected = source.type === 'directed' || (source.type === 'mixed' && isAllDirected(source));
  return { ...buildGraph({ nodeCount: names.count, isDirected, ...edgeListOf(edges) }), names };
}

interface MixedSource extends GraphologySource {
  readonly directedSize?: number;
  readonly undirectedSize?: number;
}

const isAllDirected = ({ directedSize = 0 }: MixedSource): boolean => directedSize > 0;
const directionsIn = ({ directedSize = 0, undirectedSize = 0 }: MixedSource): number =>
  (directedSize > 0 ? 1 : 0) + (undirectedSize > 0 ? 1 : 0);

/** Adds all nodes and edges to a graphology graph of the right type; weights become the attribute `weight`. */
export function toGraphology<T extends GraphologyTarget>(graph: Graph, target: T, names?: NodeNames): T {
  const nameOfNode = (node: number): string => (names === undefined ? String(node) : nameOf(names, node));
  for (let node = 0; node < graph.nodeCount; node += 1) target.addNode(nameOfNode(node));
  const { sources, targets, weights } = edgesOf(graph);
  for (let edge = 0; edge < sources.length; edge += 1)
    target.addEdge(
      nameOfNode(sources[edge] as number),
      nameOfNode(targets[edge] as number),
      weights === null ? {} : { weight: weights[edge] },
    );
  return target;
}
