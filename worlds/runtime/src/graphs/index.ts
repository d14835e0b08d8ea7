/** Graphs on disks and from the network. */
export { dataSetAtHand, graphsFolder, skipWithout } from './at-hand.ts';
export { DATA_SETS, type DataSet, type FetchDataSetOptions, fetchDataSet } from './catalogue.ts';
export { digestOfFile, type FetchOptions, type FetchProgress, fetchFile } from './fetch.ts';
export * from './graph-error.ts';
export {
  fromGraphology,
  type GraphologySource,
  type GraphologyTarget,
  type ImportedGraph,
  toGraphology,
} from './graphology.ts';
export {
  formatOf,
  type GraphFormat,
  type LoadedGraph,
  type LoadOptions,
  type LoadProgress,
  loadGraph,
} from './load.ts';
export { type SavedFormat, type SaveOptions, saveGraph } from './save.ts';
