/**
 * Real graphs for full sizes, from the folder that CONCORDAT_GRAPHS names, or the one beside the project. They are nobody's to pass on, so a run
 * without them says so and takes generated communities in their place, whose figures are not compared with what was measured on the real ones.
 */

import { type CommunitiesShape, type Graph, largestComponent, plantedCommunities } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { dataSetAtHand, graphsFolder, loadGraph } from '@concordat/runtime/graphs';

export interface GraphChoice {
  readonly name: string;
  /** In the catalogue; null: always generated. */
  readonly dataSet: string | null;
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
  dataSet: 'ego-facebook',
  standIn: CLUSTERED,
};
export const EPINIONS: GraphChoice = { name: 'Epinions', dataSet: 'soc-epinions1', standIn: LOOSE };
export const DEEZER: GraphChoice = { name: 'Deezer HU', dataSet: 'deezer-hu', standIn: LOOSE };

/** For small sizes: ten communities of a hundred. */
export const COMMUNITIES: GraphChoice = {
  name: 'communities',
  dataSet: null,
  standIn: { communityCount: 10, communitySize: 100, degreeInside: 14, degreeOutside: 2 },
};

const NOT_AT_HAND = ' (not at hand: generated communities)';

/** Whether a graph of that name took the place of a real one: bounds that depend on the real one do not apply. */
export const isStandIn = (name: string): boolean => name.endsWith(NOT_AT_HAND);

/** The largest component of the graph, or of communities in its place; the name says which. */
export async function chooseGraph(
  { name, dataSet, standIn }: GraphChoice,
  progress: (line: string) => void,
): Promise<ChosenGraph> {
  const component = (graph: Graph): Graph => largestComponent(graph).graph;
  const path = dataSet === null ? null : dataSetAtHand(dataSet);
  if (path !== null) return { name, isReal: true, graph: component((await loadGraph(path)).graph) };
  if (dataSet !== null)
    progress(`${dataSet} is not in ${graphsFolder()}: generated communities stand in for it`);
  return {
    name: dataSet === null ? name : `${name}${NOT_AT_HAND}`,
    isReal: false,
    graph: component(plantedCommunities(standIn, createPrng(1, name)).graph),
  };
}
