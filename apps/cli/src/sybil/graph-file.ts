/** Graphs from the user's files, with the names that stand there, and what is wrong with a file in words that help. */

import { type NodeNames, nameOf, nodeNamed } from '@concordat/graph';
import {
  GraphError,
  type GraphErrorCode,
  type GraphFormat,
  type LoadedGraph,
  loadGraph,
} from '@concordat/runtime/graphs';
import { CommandError } from '../errors.ts';
import type { NamedGraph } from './named-graph.ts';

/** A column by its name in the header, or by its place from 0. */
export type Column = string | number;

export interface GraphFileOptions {
  /** Null: by the file's name. */
  readonly format: GraphFormat | null;
  readonly isDirected: boolean;
  /** Whether edges weigh what stands in the weight's column. */
  readonly isWeighted: boolean;
  /** Whether edges with a weight of zero or less are left out, as those of signed ratings; else they are a fault. */
  readonly isPositiveOnly: boolean;
  /** Null: the first two; the third. */
  readonly columns: readonly [Column, Column] | null;
  readonly weightColumn: Column | null;
  readonly hasHeader: boolean | null;
  /** Null: numbers if the first are. */
  readonly names: 'text' | 'numbers' | null;
}

const ADVICE: Partial<Record<GraphErrorCode, string>> = {
  malformed:
    'A line is two names, apart by blanks or commas; see --columns, --header, --names and --weight-column.',
  'too-large': 'If it is what it should be: a graph has at most 67 million accounts and 200 million edges.',
};

function loadOptions(file: string, options: GraphFileOptions): Parameters<typeof loadGraph>[1] {
  const { format, isDirected, isWeighted, isPositiveOnly, columns, weightColumn, hasHeader, names } = options;
  const isDocument = format === null ? /\.(?:graphml|gexf)(?:\.gz)?$/i.test(file) : format !== 'edges';
  const weight = weightColumn ?? (isDocument ? 'weight' : 2);
  return {
    isDirected,
    ...(format !== null && { format }),
    ...((isWeighted || isPositiveOnly) && { weight }),
    ...(isPositiveOnly && { notPositive: 'skip' as const }),
    ...(columns !== null && { source: columns[0], target: columns[1] }),
    ...(hasHeader !== null && { hasHeader }),
    ...(names !== null && { nodes: names }),
  };
}

/** Reads the graph in `file`; `onProgress` is told bytes of the file. Throws `bad-graph`, with the line. */
export async function openGraph(
  file: string,
  options: GraphFileOptions,
  onProgress: (done: number, total: number) => void,
): Promise<NamedGraph> {
  let loaded: LoadedGraph;
  try {
    loaded = await loadGraph(file, {
      ...loadOptions(file, options),
      onProgress: ({ bytesRead, bytesTotal }) => onProgress(bytesRead, bytesTotal),
    });
  } catch (error) {
    if (error instanceof GraphError) throw new CommandError('bad-graph', error.message, ADVICE[error.code]);
    throw error;
  }
  const { names, graph } = loaded;
  if (graph.nodeCount === 0)
    throw new CommandError('bad-graph', `${file}: there is no edge in it`, ADVICE.malformed);
  return {
    // Documents have weights whether they are wanted or not.
    graph: options.isWeighted ? graph : { ...graph, weights: null },
    nameOf: (node) => nameOf(names, node),
    nodeOf: (name) => found(names, name),
    remarks: remarksOn(loaded),
  };
}

function found(names: NodeNames, name: string): number | undefined {
  const node = nodeNamed(names, name);
  return node < 0 ? undefined : node;
}

function remarksOn({ duplicateCount, selfLoopCount, skippedCount }: LoadedGraph): string[] {
  const remarks: string[] = [];
  if (duplicateCount > 0) remarks.push(`${duplicateCount} edges repeat others and count once`);
  if (selfLoopCount > 0) remarks.push(`${selfLoopCount} edges of an account with itself are left out`);
  if (skippedCount > 0) remarks.push(`${skippedCount} edges with weights of zero or less are left out`);
  return remarks;
}
