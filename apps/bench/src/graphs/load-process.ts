/** Loads one graph and says what it took: a process of its own, since memory has a peak for a whole process. */

import { edgeCountOf } from '@concordat/graph';
import { loadGraph } from '@concordat/runtime/graphs';

const { graph } = await loadGraph(process.argv[2] ?? '');
const { user, system } = process.cpuUsage();
const figures = {
  ms: (user + system) / 1000,
  peakBytes: 1024 * process.resourceUsage().maxRSS,
  nodeCount: graph.nodeCount,
  edgeCount: edgeCountOf(graph),
};
console.log(JSON.stringify(figures));
