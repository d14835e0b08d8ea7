/** Random histories of payments, reservations, links and time: conservation, exactness, and recovery. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildGraph } from '@concordat/graph';
import { createPrng, type Prng } from '@concordat/kernel';
import {
  addAccount,
  advance,
  bazaar,
  type CreditNetwork,
  createNetwork,
  endExpired,
  endHold,
  genie,
  growLink,
  judgePurchase,
  type LinkPolicy,
  link,
  OSTRA_TOKEN,
  ostra,
  pay,
  placeBetween,
  policyProblems,
  reserve,
  settleRow,
  sumUp,
  sumUpCredits,
  unlink,
} from '../index.ts';
import { assertSound, maxFlow, randomGraph } from '../testing/invariants.ts';

const HOUR_MS = 3_600_000;
const GENIE = genie({ credit: 3, replenish: 1, everyMs: HOUR_MS });
const MARKET: LinkPolicy = { ...bazaar(), credit: 3 };

interface Run {
  readonly network: CreditNetwork;
  readonly prng: Prng;
  readonly tokens: number[];
  nowMs: number;
}

function startRun(seed: number, policy: LinkPolicy): Run {
  const prng = createPrng(seed, policy.name);
  const graph = randomGraph(prng, 4 + prng.below(8), 0.4);
  return { network: createNetwork({ graph, policy, holdsMax: 5, nowMs: 0 }), prng, tokens: [], nowMs: 0 };
}

/** One random action; returns what it did, for messages. */
function act(run: Run): string {
  const { network, prng } = run;
  const { policy } = network;
  const [a, b] = [prng.below(network.nodeCount), prng.below(network.nodeCount)];
  const amount = policy.grain * (1 + prng.below(4));
  const kind = prng.below(policy.isSymmetric ? 7 : 8);
  if (kind === 0) {
    run.nowMs += prng.below(2) * HOUR_MS * (1 + prng.below(30));
    advance(network, run.nowMs);
    return 'time';
  }
  if (kind === 1) return link(network, a, b) ? 'link' : 'no link';
  if (kind === 2) return prng.chance(0.3) && unlink(network, a, b) ? 'unlink' : 'no unlink';
  if (kind === 3) {
    endExpired(network, run.nowMs, 2);
    return 'expiry';
  }
  if (kind === 4 || kind === 5) {
    const reservation = reserve(network, { from: a, to: b, amount }, run.nowMs);
    if (reservation.ok) run.tokens.push(reservation.hold.token);
    return reservation.ok ? 'reserved' : reservation.why;
  }
  if (kind === 6) {
    const token = run.tokens.splice(prng.below(Math.max(1, run.tokens.length)), 1)[0] ?? 0;
    endHold(network, token, prng.pick(['commit', 'release', 'forfeit'] as const));
    return 'ended';
  }
  return pay(network, { from: a, to: b, amount }).ok ? 'paid' : 'not paid';
}

for (const policy of [GENIE, ostra(), sumUp(), MARKET])
  test(`${policy.name}: units are conserved link by link, whatever happens in whatever order`, () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 120; seed += 1) {
      const run = startRun(seed, policy);
      for (let step = 0; step < 60; step += 1) {
        seen.add(act(run));
        assertSound(run.network);
      }
      for (const token of [...run.network.holds.byToken.keys()])
        assert.ok(endHold(run.network, token, 'release'));
      assertSound(run.network);
    }
    const wanted = [
      'link',
      'unlink',
      'reserved',
      'too-many-holds',
      'payer-exhausted',
      'payee-exhausted',
      'no-route',
    ];
    for (const outcome of wanted) assert.ok(seen.has(outcome), `some run saw '${outcome}'`);
  });

test('a payment is made exactly if a flow of its amount exists', () => {
  let refused = 0;
  for (let seed = 1; seed <= 150; seed += 1) {
    const run = startRun(seed, { ...GENIE, name: 'exact' });
    const { network, prng } = run;
    for (let step = 0; step < 12; step += 1) {
      if (prng.chance(0.3)) advance(network, step * HOUR_MS);
      const [from, to] = [prng.below(network.nodeCount), prng.below(network.nodeCount)];
      if (from === to) continue;
      const amount = 1 + prng.below(8);
      // Of a copy: looking at links lets them recover, and the search is to do that by itself.
      const possible = maxFlow(structuredClone(network), from, to);
      const { ok } = pay(network, { from, to, amount });
      assert.equal(ok, possible >= amount, `seed ${seed}, step ${step}: ${amount} of ${possible}`);
      if (!ok) {
        refused += 1;
        assert.equal(
          maxFlow(structuredClone(network), from, to),
          possible,
          'a refused payment changes nothing',
        );
      } else assert.equal(maxFlow(structuredClone(network), from, to), possible - amount);
    }
  }
  assert.ok(refused > 50);
});

/** Two accounts and a link. */
const pair = (policy: LinkPolicy): CreditNetwork => {
  const ends = { sources: Uint32Array.of(0), targets: Uint32Array.of(1) };
  const { graph } = buildGraph({ nodeCount: 2, isDirected: false, ...ends, weights: null });
  return createNetwork({ graph, policy, nowMs: 0 });
};
const leftOf = (network: CreditNetwork): number[] => {
  settleRow(network, 0);
  return [network.out[0] as number, network.out[1] as number];
};

test('balances go back linearly or by shares, up to where they began, whenever one looks', () => {
  const linear = pair(GENIE);
  pay(linear, { from: 0, to: 1, amount: 3 });
  assert.deepEqual(leftOf(linear), [0, 6]);
  advance(linear, 2 * HOUR_MS);
  assert.deepEqual(leftOf(linear), [2, 4]);
  advance(linear, HOUR_MS);
  assert.deepEqual(leftOf(linear), [2, 4], 'a clock that goes back changes nothing');
  advance(linear, 99 * HOUR_MS);
  assert.deepEqual(leftOf(linear), [3, 3]);

  const [looked, waited] = [pair(ostra()), pair(ostra())];
  for (const network of [looked, waited]) pay(network, { from: 0, to: 1, amount: 3 * OSTRA_TOKEN });
  for (let day = 1; day <= 200; day += 1) {
    advance(looked, day * 24 * HOUR_MS);
    leftOf(looked);
    if (day === 1) assert.deepEqual(leftOf(looked), [300, 5700]);
  }
  advance(waited, 200 * 24 * HOUR_MS);
  assert.deepEqual(leftOf(waited), [3000, 3000]);
  assert.deepEqual(leftOf(looked), leftOf(waited));
});

test('whoever removes a link and makes it again has what he had', () => {
  const network = pair(GENIE);
  pay(network, { from: 0, to: 1, amount: 3 });
  assert.ok(unlink(network, 1, 0) && !unlink(network, 1, 0));
  assert.equal(pay(network, { from: 1, to: 0, amount: 1 }).ok, false);
  assert.ok(link(network, 0, 1) && !link(network, 1, 0));
  assert.deepEqual(leftOf(network), [0, 6]);
  unlink(network, 0, 1);
  advance(network, 2 * HOUR_MS);
  link(network, 1, 0);
  assert.deepEqual(leftOf(network), [2, 4]);
});

test('a reservation ends once, by its owner or in time, also over a link that was removed and made again', () => {
  const network = pair({ ...GENIE, holdMs: 1000 });
  const first = reserve(network, { from: 0, to: 1, amount: 2 }, 0);
  assert.ok(first.ok);
  assert.deepEqual(leftOf(network), [1, 3]);
  assert.ok(endHold(network, first.hold.token, 'commit'));
  assert.equal(endHold(network, first.hold.token, 'release'), null);
  assert.deepEqual(leftOf(network), [1, 5]);
  const second = reserve(network, { from: 1, to: 0, amount: 5 }, 500);
  assert.ok(second.ok);
  assert.deepEqual(endExpired(network, 1499, 10), []);
  assert.deepEqual(endExpired(network, 1500, 10), [second.hold.token]);
  assert.deepEqual(leftOf(network), [1, 5]);
  const third = reserve(network, { from: 1, to: 0, amount: 1 }, 2000);
  assert.ok(third.ok);
  unlink(network, 0, 1);
  link(network, 0, 1);
  assert.deepEqual(leftOf(network), [1, 4]);
  endHold(network, third.hold.token, 'commit');
  assert.deepEqual(leftOf(network), [2, 4]);
  assertSound(network);
});

test('Bazaar: good purchases add to what two can trade, frauds take it away', () => {
  const network = pair(bazaar());
  unlink(network, 0, 1);
  const shop = addAccount(network);
  assert.equal(reserve(network, { from: 0, to: shop, amount: 10 }, 0).ok, false);
  growLink(network, 0, 1, 30);
  growLink(network, 1, shop, 20);
  const good = reserve(network, { from: 0, to: shop, amount: 15 }, 0);
  assert.ok(good.ok);
  assert.equal(reserve(network, { from: shop, to: 0, amount: 6 }, 0).ok, false, 'reserved both ways');
  assert.ok(judgePurchase(network, good.hold.token, true));
  const place = placeBetween(network, 0, shop);
  assert.deepEqual([network.out[place], network.back[place]], [15, 15]);
  const fraud = reserve(network, { from: 0, to: shop, amount: 35 }, 0);
  assert.ok(fraud.ok);
  judgePurchase(network, fraud.hold.token, false);
  assert.equal(reserve(network, { from: 0, to: shop, amount: 1 }, 0).ok, false);
  assertSound(network);
});

test('SumUp: all votes near the collector fit, and an attack edge far out carries about one', () => {
  // A collector with 4 friends, each with 4 more; Sybils without number hang on the last of them.
  const [sources, targets]: [number[], number[]] = [[], []];
  for (let node = 1; node <= 20; node += 1) {
    sources.push(node <= 4 ? 0 : 1 + ((node - 5) >> 2));
    targets.push(node);
  }
  for (let sybil = 21; sybil < 121; sybil += 1) {
    sources.push(20);
    targets.push(sybil);
  }
  const list = { sources: Uint32Array.from(sources), targets: Uint32Array.from(targets) };
  const { graph } = buildGraph({ nodeCount: 121, isDirected: false, ...list, weights: null });
  const network = createNetwork({ graph, policy: sumUp(), credits: sumUpCredits(graph, 0, 20), nowMs: 0 });
  assertSound(network);
  const votes = (from: number, to: number): number => {
    let count = 0;
    for (let voter = from; voter < to; voter += 1)
      if (pay(network, { from: voter, to: 0, amount: 1 }).ok) count += 1;
    return count;
  };
  assert.ok(votes(21, 121) <= 2, 'the attack edge carries its ticket and one more');
  assert.ok(votes(1, 20) >= 17);
});

test('links come and go by thousands: rows move and are swept together', () => {
  const prng = createPrng(7);
  const network = createNetwork({ graph: randomGraph(prng, 30, 0.1), policy: GENIE, nowMs: 0 });
  for (let round = 0; round < 3000; round += 1) {
    if (prng.chance(0.05)) addAccount(network);
    const [a, b] = [prng.below(network.nodeCount), prng.below(network.nodeCount)];
    if (prng.chance(0.6)) link(network, a, b);
    else unlink(network, a, b);
    pay(network, { from: a, to: (b + 1) % network.nodeCount, amount: 1 + prng.below(2) * (a === 0 ? 0 : 1) });
    if (round % 100 === 0) assertSound(network);
  }
  assertSound(network);
  assert.ok(network.targets.length < 12 * network.linkCount);
});

test('a policy that cannot work says why', () => {
  assert.deepEqual(policyProblems(GENIE), []);
  const wrong: LinkPolicy = {
    name: 'wrong',
    credit: -1,
    grain: 0.5,
    recovery: { kind: 'geometric', share: 1, everyMs: 10 },
    isSymmetric: true,
    holdMs: 0,
    onExpiry: 'release',
  };
  assert.equal(policyProblems(wrong).length, 6);
});
