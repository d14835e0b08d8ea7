/** Graphs from files of edges, packed or not. */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { buildGraph, createEdgeBuffer, edgeListOf, pushEdge } from '@concordat/graph';
import { CommandError, messageOf } from '../errors.ts';
import { readRow } from './csv.ts';
import type { NamedGraph } from './named-graph.ts';

export interface GraphFileOptions {
  /** Null: by the file's name. */
  readonly format: string | null;
  readonly isDirected: boolean;
  readonly isWeighted: boolean;
}

/** Reads the graph in `file`; `onProgress` is told bytes of the file. Throws `no-graph` or `bad-graph`, with the line. */
export async function openGraph(
  file: string,
  { isDirected, isWeighted }: GraphFileOptions,
  onProgress: (done: number, total: number) => void,
): Promise<NamedGraph> {
  let text: string;
  try {
    const bytes = readFileSync(file);
    text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (error) {
    throw new CommandError('no-graph', `${file} cannot be read: ${messageOf(error)}`);
  }
  const nodes = new Map<string, number>();
  const names: string[] = [];
  const edges = createEdgeBuffer(isWeighted);
  const nodeOf = (name: string): number => {
    const known = nodes.get(name);
    if (known !== undefined) return known;
    nodes.set(name, names.length);
    return names.push(name) - 1;
  };
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '' || /^[#%]/.test(line)) continue;
    const [source, target, weight] =
      (line.includes(',') ? readRow(line.trim()) : line.trim().split(/\s+/)) ?? [];
    if (source === undefined || target === undefined)
      throw new CommandError('bad-graph', `${file}:${at + 1}: a line names two accounts`);
    const value = isWeighted ? Number(weight) : 1;
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      throw new CommandError('bad-graph', `${file}:${at + 1}: '${weight}' is not a weight`);
    pushEdge(edges, nodeOf(source), nodeOf(target), value);
    onProgress(at, text.length);
  }
  const list = { nodeCount: names.length, isDirected, ...edgeListOf(edges) };
  const { graph, duplicateCount, selfLoopCount } = buildGraph(list);
  const remarks = [];
  if (duplicateCount > 0) remarks.push(`${duplicateCount} edges repeat others and count once`);
  if (selfLoopCount > 0) remarks.push(`${selfLoopCount} edges of an account with itself are left out`);
  return { graph, nameOf: (node) => names[node] ?? '', nodeOf: (name) => nodes.get(name), remarks };
}
