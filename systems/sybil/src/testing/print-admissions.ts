/**
 * Prints what schemes that admit come to on a real graph:
 *
 *     node systems/sybil/dist/testing/print-admissions.js FILE DRAWS EDGES [SCHEME | votes HONEST-VOTES BOGUS-VOTES]
 *
 * FILE is a list of edges, whose largest component is honest. Schemes are SybilGuard, SybilInfer, GateKeeper and SumUp, all of them if none is named.
 */

import { largestComponent } from '@concordat/graph';
import { loadGraph } from '@concordat/runtime/graphs';
import { estimate } from '../evaluate/paired.ts';
import { admissionDraw, type Scheme, votesDraw } from './admission-figures.ts';

const [file = '', drawsText = '3', edgesText = '100', chosen = '', ...votes] = process.argv.slice(2);
const edgeCount = Number(edgesText);
const honest = largestComponent((await loadGraph(file)).graph).graph;

function inWords(values: readonly number[]): string {
  const { mean, low, high } = estimate(values);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${mean.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}] from ${least.toFixed(4)} to ${most.toFixed(4)}`;
}

const drawAll = <Row>(draw: (at: number) => Row): Row[] =>
  Array.from({ length: Number(drawsText) }, (_, at) => draw(at + 1));

if (chosen === 'votes') {
  const [honestVotes = 100, bogusVotes = 1000] = votes.map(Number);
  for (const linkLimit of [null, 3]) {
    const rows = drawAll((draw) => votesDraw(honest, edgeCount, [honestVotes, bogusVotes], linkLimit, draw));
    console.log(`${edgeCount} attack edges, ${honestVotes} honest votes, links ${linkLimit ?? 'all'}`);
    console.log(`  honest votes    ${inWords(rows.map((row) => row.honest))}`);
    console.log(`  bogus per edge  ${inWords(rows.map((row) => row.sybilsPerEdge))}`);
  }
} else
  for (const scheme of ['SybilGuard', 'SybilInfer', 'GateKeeper', 'SumUp'] satisfies Scheme[]) {
    if (chosen !== '' && chosen !== scheme) continue;
    const rows = drawAll((draw) => admissionDraw(honest, edgeCount, scheme, draw));
    console.log(`${edgeCount} attack edges, ${scheme}, ${rows.length} draws`);
    console.log(`  area            ${inWords(rows.map((row) => row.area))}`);
    console.log(`  honest          ${inWords(rows.map((row) => row.honest))}`);
    console.log(`  Sybils per edge ${inWords(rows.map((row) => row.sybilsPerEdge))}`);
  }
