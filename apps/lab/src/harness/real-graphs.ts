/**
 * Real graphs for full sizes, from the folder that CONCORDAT_GRAPHS names, or the one beside the project. They are nobody's to pass on, so a run
 * without them says so and takes generated communities in their place, whose figures are not compared with what was measured on the real ones.
 */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type CommunitiesShape, type Graph, largestComponent, plantedCommunities } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { loadGraph } from '@concordat/runtime/graphs';

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

const NOT_AT_HAND = ' (not at hand: generated communities)';

/** Whether a graph of that name took the place of a real one: bounds that depend on the real one do not apply. */
export const isStandIn = (name: string): boolean => name.endsWith(NOT_AT_HAND);

export function graphsFolder(): string {
  return process.env['CONCORDAT_GRAPHS'] ?? resolve('../shared/data/graphs');
}

/** Where a file of the folder is; null: it is not there. */
export function placeOf(file: string): string | null {
  const path = join(graphsFolder(), file);
  return existsSync(path) ? path : null;
}

/** The largest component of the graph, or of communities in its place; the name says which. */
export async function chooseGraph(
  { name, file, standIn }: GraphChoice,
  progress: (line: string) => void,
): Promise<ChosenGraph> {
  const component = (graph: Graph): Graph => largestComponent(graph).graph;
  const path = file === null ? null : placeOf(file);
  if (path !== null) return { name, isReal: true, graph: component((await loadGraph(path)).graph) };
  if (file !== null) progress(`${file} is not in ${graphsFolder()}: generated communities stand in for it`);
  return {
    name: file === null ? name : `${name}${NOT_AT_HAND}`,
    isReal: false,
    graph: component(plantedCommunities(standIn, createPrng(1, name)).graph),
  };
}
