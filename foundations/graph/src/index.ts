/** Graphs in typed arrays and what is computed on them. */
export { type BuiltGraph, buildGraph, type EdgeList } from './build.ts';
export { arcBetween, degreeOf, edgeCountOf, type Graph } from './graph.ts';
