/** Graphology in a process of its own, which speaks as `python/graph_peer.py` does. It has PageRank, but none around seeds. */

import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { UndirectedGraph } from 'graphology';
import metrics from 'graphology-metrics';

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const graph = new UndirectedGraph();
for (const line of readFileSync(process.argv[2] ?? '', 'utf8').split('\n')) {
  const [source, target] = line.split(' ');
  if (target !== undefined) graph.mergeEdge(source, target);
}
const loaded = {
  version: 'graphology 0.26.0',
  ms: cpuMs(),
  peakBytes: 1024 * process.resourceUsage().maxRSS,
};
console.log(JSON.stringify(loaded));

for await (const line of createInterface({ input: process.stdin })) {
  const { arguments: options, into } = JSON.parse(line);
  const began = cpuMs();
  const scores = metrics.centrality.pagerank(graph, {
    alpha: options.damping,
    // Its tolerance is for each node.
    tolerance: options.tolerance / graph.order,
    maxIterations: 1000,
    getEdgeWeight: null,
  });
  const ms = cpuMs() - began;
  const all = Float64Array.from({ length: graph.order }, (_, node) => scores[node] ?? Number.NaN);
  writeFileSync(into, all);
  console.log(JSON.stringify({ ms }));
}
