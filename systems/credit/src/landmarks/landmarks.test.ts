/** Landmarks may refuse; they never grant what a search would not, and they follow what changes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preferentialAttachment } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import {
  addAccount,
  advance,
  type CreditNetwork,
  createLandmarks,
  createNetwork,
  findSteps,
  genie,
  landmarkRouter,
  link,
  pay,
  refreshLandmarks,
  reserve,
  settleRow,
  unlink,
} from '../index.ts';
import { undoSteps } from '../network/payment.ts';
import { assertSound } from '../testing/invariants.ts';

const HOUR_MS = 3_600_000;
const POLICY = genie({ credit: 3, replenish: 1, everyMs: HOUR_MS });

function start(seed: number, nodes: number): CreditNetwork {
  const graph = preferentialAttachment({ nodeCount: nodes, edgesPerNode: 3 }, createPrng(seed));
  return createNetwork({ graph, policy: POLICY, nowMs: 0 });
}

/** What a search would decide, without doing it. */
function wouldPay(network: CreditNetwork, from: number, to: number, amount: number): boolean {
  const steps = findSteps(network, { from, to, amount });
  if (steps !== null) undoSteps(network, steps);
  return steps !== null;
}

test('what landmarks grant a search would have granted in the same state, whatever changed since they were built', () => {
  let [granted, refused, missed] = [0, 0, 0];
  for (let seed = 1; seed <= 12; seed += 1) {
    const network = start(seed, 40);
    const prng = createPrng(seed, 'payments');
    const landmarks = createLandmarks(network, prng, { universes: 2, levels: 4, repairVisits: 0 });
    const route = landmarkRouter(landmarks);
    for (let step = 0; step < 250; step += 1) {
      const [from, to] = [prng.below(network.nodeCount), prng.below(network.nodeCount)];
      if (prng.chance(0.02)) addAccount(network);
      if (prng.chance(0.05)) link(network, from, to);
      if (prng.chance(0.05)) unlink(network, from, to);
      if (prng.chance(0.02)) advance(network, step * HOUR_MS * 0.1);
      if (prng.chance(0.5)) refreshLandmarks(network, landmarks, 20);
      if (from === to) continue;
      const amount = 1 + prng.below(4);
      const exact = wouldPay(network, from, to, amount);
      for (let node = 0; node < network.nodeCount; node += 1) settleRow(network, node);
      const before = network.out.slice();
      const { ok } = prng.chance(0.5)
        ? pay(network, { from, to, amount }, route)
        : reserve(network, { from, to, amount }, 0, route);
      if (ok) granted += 1;
      else refused += 1;
      assert.ok(exact || !ok, 'never more than a search');
      if (exact && !ok) missed += 1;
      if (!ok) assert.deepEqual(network.out, before, 'a refused payment changes nothing');
      if (step % 25 === 0) assertSound(network);
    }
  }
  assert.ok(
    granted > 300 && refused > 100 && missed > 0,
    `${granted} granted, ${refused} refused, ${missed} missed`,
  );
});

test('ways that are used up disappear when forests are rebuilt, in slices', () => {
  const refusals = [0, 200].map((links) => {
    const network = start(5, 2000);
    const prng = createPrng(6);
    const landmarks = createLandmarks(network, prng, { universes: 2, levels: 5, repairVisits: 0 });
    let refused = 0;
    for (let step = 0; step < 6000; step += 1) {
      const [from, to] = [prng.below(2000), prng.below(2000)];
      if (from !== to && !pay(network, { from, to, amount: 1 }, landmarkRouter(landmarks)).ok) refused += 1;
      if (links > 0) refreshLandmarks(network, landmarks, links);
    }
    assert.equal(landmarks.rebuilt > 0, links > 0);
    return refused;
  });
  assert.ok((refusals[1] as number) < (refusals[0] as number) / 2, `without and with: ${refusals}`);
});

test('a search repairs what landmarks cannot pay; without bounds it misses nothing', () => {
  const network = start(9, 300);
  const landmarks = createLandmarks(network, createPrng(1), {
    universes: 1,
    levels: 2,
    repairVisits: 100_000,
  });
  const prng = createPrng(2);
  let refused = 0;
  for (let draw = 0; draw < 1500; draw += 1) {
    const [from, to] = [prng.below(300), prng.below(300)];
    if (from === to) continue;
    const exact = wouldPay(network, from, to, 2);
    assert.equal(pay(network, { from, to, amount: 2 }, landmarkRouter(landmarks)).ok, exact);
    if (!exact) refused += 1;
  }
  assert.ok(refused > 0);
  assertSound(network);
});
