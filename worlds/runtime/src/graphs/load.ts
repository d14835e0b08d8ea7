/**
 * Loads graphs from files: edge lists and CSV, GraphML and GEXF, packed or not, a chunk at a time, so that ten million edges take little
 * more memory than the graph. Files may be hostile: what is wrong with them is told with its line, and nothing of it is kept.
 */

import { randomBytes } from 'node:crypto';
import {
  buildGraph,
  createEdgeReader,
  describeProblem,
  type EdgeFileOptions,
  type EdgeList,
  type EdgeReader,
  finishEdges,
  type Graph,
  type NodeNames,
  type ReadProblem,
  readEdges,
} from '@concordat/graph';
import { bytesOfFile, type FileBytes } from './bytes-of-file.ts';
import { GraphError, readError } from './graph-error.ts';
import { createXmlReader, type XmlReader } from './xml-reader.ts';

export type GraphFormat = 'edges' | 'graphml' | 'gexf';

export interface LoadProgress {
  /** Of the file as it lies on the disk. */
  readonly bytesRead: number;
  readonly bytesTotal: number;
  readonly edgeCount: number;
}

export interface LoadOptions extends EdgeFileOptions {
  /** Default by the file's name: .graphml, .gexf, anything else a list of edges; .gz is left out of account. */
  readonly format?: GraphFormat;
  readonly signal?: AbortSignal;
  /** Called for each chunk. */
  readonly onProgress?: (progress: LoadProgress) => void;
}

export interface LoadedGraph {
  readonly graph: Graph;
  readonly names: NodeNames;
  readonly selfLoopCount: number;
  readonly duplicateCount: number;
  /** Edges left out because their weights are not above zero, as chosen. */
  readonly skippedCount: number;
  /** Lines passed over, as tolerated; the first hundred are told. */
  readonly problemCount: number;
  readonly problems: readonly ReadProblem[];
  /** The edges in the order of the file with their times, if a column of times was chosen. */
  readonly timed: { readonly edges: EdgeList; readonly times: Float64Array } | null;
}

export function formatOf(file: string): GraphFormat {
  const name = file.replace(/\.gz$/i, '').toLowerCase();
  if (name.endsWith('.graphml')) return 'graphml';
  return name.endsWith('.gexf') ? 'gexf' : 'edges';
}

/** Of what a reader has so far, that which readers of both kinds have. */
interface Reading {
  readonly take: (chunk: Uint8Array) => void;
  readonly line: () => number;
  readonly edgeCount: () => number;
}

async function readAll(
  file: string,
  bytes: FileBytes,
  reading: Reading,
  options: LoadOptions,
): Promise<void> {
  try {
    for await (const chunk of bytes.chunks) {
      options.signal?.throwIfAborted();
      reading.take(chunk);
      options.onProgress?.({
        bytesRead: bytes.bytesRead(),
        bytesTotal: bytes.bytesTotal,
        edgeCount: reading.edgeCount(),
      });
    }
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw readError(file, error, reading.line());
  } finally {
    bytes.close();
  }
}

/** Why the reader has refused its file. */
function refusal(file: string, { problems, problemCount }: EdgeReader): GraphError {
  const last = problems.at(-1);
  if (last === undefined) return new GraphError('malformed', file, 'refused');
  const more = problemCount > 1 ? ` (${problemCount} problems, the first on line ${problems[0]?.line})` : '';
  const isLimit = ['too-many-nodes', 'too-many-edges', 'line-too-long'].includes(last.kind);
  const options = { line: last.line, problems };
  return new GraphError(
    isLimit ? 'too-large' : 'malformed',
    file,
    `${describeProblem(last)}${more}`,
    options,
  );
}

async function loadEdgeFile(file: string, bytes: FileBytes, options: LoadOptions): Promise<LoadedGraph> {
  const reader = createEdgeReader({ seed: randomBytes(4).readUInt32LE(), ...options });
  const take = (chunk: Uint8Array): void => {
    readEdges(reader, chunk);
    if (reader.isRefused) throw refusal(file, reader);
  };
  await readAll(
    file,
    bytes,
    { take, line: () => reader.line + 1, edgeCount: () => reader.edges.count },
    options,
  );
  const read = finishEdges(reader);
  if (read === null) throw refusal(file, reader);
  const { names, times, skippedCount, problemCount, problems, edges } = read;
  return {
    ...buildGraph(edges),
    ...{ names, skippedCount, problemCount, problems },
    timed: times === null ? null : { edges, times },
  };
}

async function loadDocument(
  file: string,
  bytes: FileBytes,
  options: LoadOptions,
  format: 'graphml' | 'gexf',
): Promise<LoadedGraph> {
  const reader: XmlReader = createXmlReader(file, format, {
    seed: randomBytes(4).readUInt32LE(),
    ...options,
  });
  const { take, line, finish } = reader;
  await readAll(file, bytes, { take, line, edgeCount: () => reader.edges.count }, options);
  const { edges, names, skippedCount } = finish();
  return { ...buildGraph(edges), ...{ names, skippedCount, problemCount: 0, problems: [], timed: null } };
}

/**
 * Loads the graph in a file. Throws `GraphError` (`disk`, `truncated`, `damaged`, `malformed`, `too-large`), or the signal's reason.
 * Building at the end takes a second for ten million edges, in which nothing else runs.
 */
export async function loadGraph(file: string, options: LoadOptions = {}): Promise<LoadedGraph> {
  options.signal?.throwIfAborted();
  let bytes: FileBytes;
  try {
    bytes = await bytesOfFile(file);
  } catch (error) {
    throw readError(file, error, 0);
  }
  const format = options.format ?? formatOf(file);
  return format === 'edges' ? loadEdgeFile(file, bytes, options) : loadDocument(file, bytes, options, format);
}
