/** Graphs in typed arrays and what is computed on them. */
export { type BuiltGraph, buildGraph, type EdgeList } from './build.ts';
export { type Cut, conductanceBy, cutAround, marksOf } from './cut/conductance.ts';
export {
  firstDip,
  lowestWithin,
  orderAllByDensity,
  orderByDensity,
  type SweepProfile,
  sweepProfile,
  type VolumeBounds,
} from './cut/sweep.ts';
export { volumeOf, weightedDegreeOf, weightedDegrees } from './degrees.ts';
export { createEdgeBuffer, type EdgeBuffer, edgeListOf, pushEdge } from './edge-buffer.ts';
export { createPathSearch, findPath, type PathLimits, type PathSearch, UNBOUNDED } from './flow/augment.ts';
export { arcsLeaving, type MaxFlow, maxFlow } from './flow/max-flow.ts';
export { directedFlowNetwork, type FlowNetwork, flowNetwork, sendAlong, twinsOf } from './flow/network.ts';
export { type Route, type RouteLimits, sendAmount, undoRoutes } from './flow/route.ts';
export {
  type CommunitiesShape,
  type PlantedGraph,
  plantedCommunities,
  stochasticBlocks,
} from './generate/communities.ts';
export { type AttachmentShape, preferentialAttachment } from './generate/preferential-attachment.ts';
export { randomGraph, type SmallWorldShape, smallWorld } from './generate/random-graph.ts';
export { arcBetween, degreeOf, edgeCountOf, type Graph } from './graph.ts';
export { type Components, connectedComponents, largestComponent } from './parts/components.ts';
export { reciprocalPart, reversed, undirectedForm } from './parts/directions.ts';
export { type ExtraEdges, edgesOf, joinGraphs } from './parts/join.ts';
export { ABSENT, inducedSubgraph, type Subgraph } from './parts/subgraph.ts';
export { neighbourSums, plannedSums, planSums, type SumsPlan } from './rank/neighbour-sums.ts';
export { descendingOrder, rankNodes } from './rank/order.ts';
export { type PageRank, type PageRankOptions, pageRank } from './rank/pagerank.ts';
export {
  createPushScratch,
  type PushedRank,
  type PushOptions,
  type PushScratch,
  pushPageRank,
  type Seeds,
  scoresOfAll,
} from './rank/push.ts';
export {
  createEdgeReader,
  type EdgeReader,
  finishEdges,
  type ReadEdges,
  readEdges,
} from './read/edge-reader.ts';
export type { Delimiter } from './read/fields.ts';
export { type Column, DEFAULT_READ_LIMITS, type EdgeFileOptions, type ReadLimits } from './read/layout.ts';
export {
  createNodeNames,
  type NodeNames,
  nameOf,
  nodeNamed,
  nodeOfNumber,
  nodeOfText,
} from './read/node-names.ts';
export { describeProblem, type ProblemKind, type ReadProblem } from './read/problem.ts';
export { levelsAround, SOURCES_AT_ONCE, type SourceLevels } from './walk/levels.ts';
export { spreadMass } from './walk/spread.ts';
export { createWalker, drawArc, type Walker, walkEnd, walkFrom } from './walk/walk.ts';
