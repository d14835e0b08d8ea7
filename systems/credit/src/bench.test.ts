/**
 * What payments cost, in a size that runs as a test: it asserts counts and prints medians. For figures that are quoted:
 *
 *   BENCH_SCALE=100 node --test dist/bench.test.js          a generated graph of a million accounts
 *   CONCORDAT_GRAPHS=DIR ...                                 ego-Facebook and Epinions as well
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { edgeCountOf, type Graph, preferentialAttachment } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { dataSetAtHand, loadGraph, skipWithout } from '@concordat/runtime/graphs';
import {
  type CreditNetwork,
  createLandmarks,
  createNetwork,
  findSteps,
  genie,
  landmarkRouter,
  pay,
  refreshLandmarks,
} from './index.ts';
import { undoSteps } from './network/payment.ts';

const SCALE = Number(process.env['BENCH_SCALE'] ?? 1);
const PAYMENTS = 2000;
const POLICY = genie({ credit: 3, replenish: 1, everyMs: 3_600_000 });

const networkOf = (graph: Graph): CreditNetwork => createNetwork({ graph, policy: POLICY, nowMs: 0 });

/** Microseconds: median and 99th percentile. */
function spread(times: number[]): string {
  const sorted = times.sort((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1);
  return `median ${at(0.5)} us, p99 ${at(0.99)} us`;
}

/** So many payments between random accounts, one after the other, each timed. */
function payAll(network: CreditNetwork, amount: number, times: number[]): number {
  const prng = createPrng(5);
  let paid = 0;
  for (let i = 0; i < PAYMENTS; i += 1) {
    const from = prng.below(network.nodeCount);
    const to = (from + 1 + prng.below(network.nodeCount - 1)) % network.nodeCount;
    const started = performance.now();
    const { ok } = pay(network, { from, to, amount });
    times.push(1000 * (performance.now() - started));
    if (ok) paid += 1;
  }
  return paid;
}

function exact(t: TestContext, name: string, graph: Graph, least: number): void {
  for (const amount of [1, 3]) {
    payAll(networkOf(graph), amount, []);
    const times: number[] = [];
    const paid = payAll(networkOf(graph), amount, times);
    t.diagnostic(
      `${name}, ${graph.nodeCount} accounts, ${edgeCountOf(graph)} links, ${amount} units: ${spread(times)}, ${paid} of ${PAYMENTS} paid`,
    );
    assert.ok(paid >= least * PAYMENTS);
  }
}

test('exact payments on a generated graph', (t) => {
  exact(
    t,
    'preferential attachment',
    preferentialAttachment({ nodeCount: 3000, edgesPerNode: 6 }, createPrng(1)),
    0.95,
  );
});

for (const name of ['ego-facebook', 'soc-epinions1'])
  test(`exact payments on ${name}`, { skip: skipWithout(name) }, async (t) => {
    const { graph } = await loadGraph(dataSetAtHand(name) ?? '');
    exact(t, name, graph, 0.95);
  });

test('landmarks against searches, in the same states, while forests are rebuilt', (t) => {
  const nodeCount = 10_000 * SCALE;
  const network = networkOf(preferentialAttachment({ nodeCount, edgesPerNode: 5 }, createPrng(1)));
  const landmarks = createLandmarks(network, createPrng(2));
  const route = landmarkRouter(landmarks);
  const prng = createPrng(3);
  const pair = (): [number, number] => {
    const from = prng.below(nodeCount);
    return [from, (from + 1 + prng.below(nodeCount - 1)) % nodeCount];
  };
  // Before anything is timed, a third of the accounts have paid: links are used up in places.
  for (let i = 0; i < 0.3 * nodeCount; i += 1) {
    const [from, to] = pair();
    pay(network, { from, to, amount: 1 }, route);
    refreshLandmarks(network, landmarks, 1000);
  }
  for (const amount of [1, 3]) {
    const [searches, ways]: [number[], number[]] = [[], []];
    let [same, over] = [0, 0];
    for (let i = 0; i < PAYMENTS; i += 1) {
      const [from, to] = pair();
      let started = performance.now();
      const steps = findSteps(network, { from, to, amount });
      searches.push(1000 * (performance.now() - started));
      if (steps !== null) undoSteps(network, steps);
      started = performance.now();
      const { ok } = pay(network, { from, to, amount }, route);
      ways.push(1000 * (performance.now() - started));
      if (ok === (steps !== null)) same += 1;
      else if (ok) over += 1;
      refreshLandmarks(network, landmarks, 1000);
    }
    t.diagnostic(
      `${nodeCount} accounts, ${network.linkCount} links, ${amount} units: search ${spread(searches)}; landmarks ${spread(ways)}; ${(100 * same) / PAYMENTS} % of the exact decisions`,
    );
    assert.equal(over, 0, 'nothing is granted that a search refuses');
    assert.ok(same >= 0.97 * PAYMENTS);
  }
});
