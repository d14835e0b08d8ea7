/**
 * Prints what SybilGuard and SybilLimit admit, and the CPU time that they take, on real graphs:
 *
 *     node systems/sybil/dist/testing/print-routes.js FOLDER [DRAWS] [VERIFIERS]
 *
 * FOLDER holds the graphs under their usual names. Area under ROC / honest admitted / Sybils admitted for each attack edge, means of all
 * draws; then seconds of one draw, the median, for all verifiers together.
 */

import { join } from 'node:path';
import { largestComponent } from '@concordat/graph';
import { loadGraph } from '@concordat/runtime/graphs';
import { guardFigures, limitFigures, type RouteCase, type RouteFigures, routeCase } from './route-figures.ts';

const [folder = '', drawsText = '3', verifiersText = '5'] = process.argv.slice(2);
const draws = Array.from({ length: Number(drawsText) }, (_, draw) => draw + 1);

const CASES: readonly [file: string, edgeCounts: readonly number[], lengths: readonly number[]][] = [
  ['ego-facebook.txt.gz', [100, 1000, 5000], [100, 60]],
  ['soc-epinions1.txt.gz', [1000], [100]],
];

type Scheme = (besieged: RouteCase, draw: number) => RouteFigures & { instanceCounts?: readonly number[] };

function print(name: string, cases: readonly RouteCase[], scheme: Scheme): void {
  const seconds: number[] = [];
  const rows = cases.map((besieged, at) => {
    const began = process.cpuUsage();
    const figures = scheme(besieged, at + 1);
    const { user, system } = process.cpuUsage(began);
    seconds.push((user + system) / 1e6);
    return figures;
  });
  const mean = (field: 'area' | 'honestShare' | 'sybilsPerEdge') =>
    (rows.reduce((sum, row) => sum + row[field], 0) / rows.length).toFixed(3);
  const median = seconds.sort((a, b) => a - b)[seconds.length >> 1] ?? 0;
  const counts = rows.flatMap(({ instanceCounts = [] }) => instanceCounts);
  const instances = counts.length === 0 ? '' : `  r ${[...new Set(counts)].sort((a, b) => a - b).join(', ')}`;
  console.log(
    `${name.padEnd(52)} ${mean('area')} / ${mean('honestShare')} / ${mean('sybilsPerEdge')}  ${median.toFixed(2)} s${instances}`,
  );
}

for (const [file, edgeCounts, [guardLength = 100, limitLength = 60]] of CASES) {
  const honest = largestComponent((await loadGraph(join(folder, file))).graph).graph;
  for (const edgeCount of edgeCounts) {
    const cases = draws.map((draw) => routeCase(honest, edgeCount, Number(verifiersText), draw));
    const place = `${file} ${edgeCount}`;
    print(`${place} SybilGuard`, cases, (besieged, draw) => guardFigures(besieged, draw));
    print(`${place} SybilGuard, w = ${guardLength}`, cases, (besieged, draw) =>
      guardFigures(besieged, draw, guardLength),
    );
    print(`${place} SybilLimit`, cases, (besieged, draw) => limitFigures(besieged, draw));
    if (file.startsWith('ego'))
      print(`${place} SybilLimit, w = ${limitLength}`, cases, (besieged, draw) =>
        limitFigures(besieged, draw, limitLength),
      );
  }
}
