/**
 * Prints what schemes that admit come to on a real graph, and the CPU time that they take:
 *
 *     node systems/sybil/dist/testing/print-admissions.js FILE DRAWS EDGES [SCHEME [STEPS] | votes HONEST-VOTES BOGUS-VOTES]
 *
 * FILE is a list of edges, whose largest component is honest. Schemes are SybilGuard, SybilLimit, SybilInfer, GateKeeper and SumUp, all of them if
 * none is named; STEPS of their routes and walks.
 */

import { largestComponent } from '@concordat/graph';
import { loadGraph } from '@concordat/runtime/graphs';
import { estimate } from '../evaluate/paired.ts';
import { admissionDraw, SCHEMES, type Scheme, votesDraw } from './admission-figures.ts';

const [file = '', drawsText = '3', edgesText = '100', chosen = '', ...more] = process.argv.slice(2);
const edgeCount = Number(edgesText);
const honest = largestComponent((await loadGraph(file)).graph).graph;

function inWords(values: readonly number[]): string {
  const { mean, low, high } = estimate(values);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${mean.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}] from ${least.toFixed(4)} to ${most.toFixed(4)}`;
}

const drawAll = <Row>(draw: (at: number) => Row): Row[] =>
  Array.from({ length: Number(drawsText) }, (_, at) => draw(at + 1));

function timed(scheme: Scheme, draw: number) {
  const began = process.cpuUsage();
  const figures = admissionDraw(
    honest,
    edgeCount,
    scheme,
    draw,
    more[0] === undefined ? null : Number(more[0]),
  );
  const { user, system } = process.cpuUsage(began);
  return { ...figures, seconds: (user + system) / 1e6 };
}

if (chosen === 'votes') {
  const [honestVotes = 100, bogusVotes = 1000] = more.map(Number);
  for (const linkLimit of [null, 3]) {
    const rows = drawAll((draw) => votesDraw(honest, edgeCount, [honestVotes, bogusVotes], linkLimit, draw));
    console.log(`${edgeCount} attack edges, ${honestVotes} honest votes, links ${linkLimit ?? 'all'}`);
    console.log(`  honest votes    ${inWords(rows.map((row) => row.honest))}`);
    console.log(`  bogus per edge  ${inWords(rows.map((row) => row.sybilsPerEdge))}`);
  }
} else
  for (const scheme of Object.keys(SCHEMES) as Scheme[]) {
    if (chosen !== '' && chosen !== scheme) continue;
    const rows = drawAll((draw) => timed(scheme, draw));
    console.log(`${edgeCount} attack edges, ${scheme}, ${rows.length} draws`);
    console.log(`  area            ${inWords(rows.map((row) => row.area))}`);
    console.log(`  honest          ${inWords(rows.map((row) => row.honest))}`);
    console.log(`  Sybils per edge ${inWords(rows.map((row) => row.sybilsPerEdge))}`);
    console.log(`  CPU seconds     ${inWords(rows.map((row) => row.seconds))}`);
  }
