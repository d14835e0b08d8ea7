/**
 * Real graphs for full sizes, from the folder that CONCORDAT_GRAPHS names, or the one beside the project. They are nobody's to pass on, so a run
 * without them says so and takes generated communities in their place, whose figures are not compared with what was measured on the real ones.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  buildGraph,
  type CommunitiesShape,
  createEdgeBuffer,
  edgeListOf,
  type Graph,
  largestComponent,
  plantedCommunities,
  pushEdge,
} from '@concordat/graph';
import { createPrng } from '@concordat/kernel';

export interface GraphChoice {
  readonly name: string;
  /** In the folder of graphs; null: always generated. */
  readonly file: string | null;
  readonly standIn: CommunitiesShape;
}

export interface ChosenGraph {
  readonly name: string;
  readonly isReal: boolean;
  readonly graph: Graph;
}

const CLUSTERED: CommunitiesShape = {
  communityCount: 16,
  communitySize: 250,
  degreeInside: 36,
  degreeOutside: 2,
};
const LOOSE: CommunitiesShape = {
  communityCount: 80,
  communitySize: 500,
  degreeInside: 7,
  degreeOutside: 3,
};

export const EGO_FACEBOOK: GraphChoice = {
  name: 'ego-Facebook',
  file: 'ego-facebook.txt.gz',
  standIn: CLUSTERED,
};
export const EPINIONS: GraphChoice = { name: 'Epinions', file: 'soc-epinions1.txt.gz', standIn: LOOSE };
export const DEEZER: GraphChoice = { name: 'Deezer HU', file: 'deezer-hu.csv.gz', standIn: LOOSE };

/** For small sizes: ten communities of a hundred. */
export const COMMUNITIES: GraphChoice = {
  name: 'communities',
  file: null,
  standIn: { communityCount: 10, communitySize: 100, degreeInside: 14, degreeOutside: 2 },
};

export function graphsFolder(): string {
  return process.env['CONCORDAT_GRAPHS'] ?? resolve('../shared/data/graphs');
}

/** Rows of numbers of a file with an edge on each line; null where the file is not there. */
export function rowsOf(file: string): number[][] | null {
  const path = join(graphsFolder(), file);
  if (!existsSync(path)) return null;
  return gunzipSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(/[\s,]+/).map(Number));
}

function readGraph(file: string): Graph | null {
  const rows = rowsOf(file);
  if (rows === null) return null;
  const edges = createEdgeBuffer();
  let nodeCount = 0;
  for (const [from = 0, to = 0] of rows) {
    pushEdge(edges, from, to);
    nodeCount = Math.max(nodeCount, from + 1, to + 1);
  }
  return buildGraph({ nodeCount, isDirected: false, ...edgeListOf(edges) }).graph;
}

/** The graph, or communities in its place; the name says which. */
export function chooseGraph(
  { name, file, standIn }: GraphChoice,
  progress: (line: string) => void,
): ChosenGraph {
  const graph = file === null ? null : readGraph(file);
  if (graph !== null) return { name, isReal: true, graph };
  if (file !== null) progress(`${file} is not in ${graphsFolder()}: generated communities stand in for it`);
  return {
    name: file === null ? name : `${name} (not at hand: generated communities)`,
    isReal: false,
    graph: largestComponent(plantedCommunities(standIn, createPrng(1, name)).graph).graph,
  };
}
