/** Changes and snapshots as bytes: replayed and loaded ledgers are the ledger, damaged ones are none. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildGraph } from '@concordat/graph';
import { createPrng, type Prng } from '@concordat/kernel';
import {
  adoptPolicy,
  advance,
  applyChange,
  type Change,
  createLedger,
  createNetwork,
  decodeChange,
  encodeChange,
  endHold,
  finishLoading,
  genie,
  growLink,
  type Ledger,
  type LinkPolicy,
  link,
  loadRecord,
  ostra,
  pay,
  reserve,
  settleRow,
  snapshotRecords,
  startLoading,
  unlink,
} from '../index.ts';
import { assertSound } from '../testing/invariants.ts';

const HOUR_MS = 3_600_000;
const GENIE = genie({ credit: 3, replenish: 1, everyMs: HOUR_MS });
const NOTHING = { sources: new Uint32Array(0), targets: new Uint32Array(0), weights: null };

function emptyLedger(policy: LinkPolicy): Ledger {
  const { graph } = buildGraph({ nodeCount: 0, isDirected: false, ...NOTHING });
  return createLedger(createNetwork({ graph, policy, nowMs: 0 }), []);
}

/** All that a ledger is, after every link recovered. */
function stateOf({ network, names }: Ledger): unknown {
  const rows = [];
  for (let node = 0; node < network.nodeCount; node += 1) {
    settleRow(network, node);
    for (let at = network.starts[node] as number; at < (network.ends[node] as number); at += 1)
      rows.push([node, network.targets[at], network.out[at], network.back[at], network.base[at]]);
  }
  const { byToken, nextToken, lastExpiryMs } = network.holds;
  const holds = { byToken: [...byToken.values()], nextToken, lastExpiryMs };
  return {
    names,
    rows,
    holds,
    parked: [...network.parked],
    period: network.period,
    links: network.linkCount,
  };
}

/** A random history; returns its changes. */
function live(ledger: Ledger, prng: Prng, steps: number): Change[] {
  const { network } = ledger;
  const changes: Change[] = [];
  let nowMs = 0;
  for (let step = 0; step < steps; step += 1) {
    const { period } = network;
    const [a, b] = [prng.below(network.nodeCount + 1), prng.below(network.nodeCount + 1)];
    const amount = network.policy.grain * (1 + prng.below(4));
    const kind = prng.below(9);
    if (kind === 0 && network.nodeCount < 12) {
      const change: Change = { kind: 'account', name: `n\u00e9e ${step}` };
      assert.ok(applyChange(ledger, change));
      changes.push(change);
    } else if (kind <= 2) {
      const [credit, creditBack] = [network.policy.grain * prng.below(9), network.policy.credit];
      if (link(network, a, b, credit, creditBack))
        changes.push({ kind: 'link', period, a, b, credit, creditBack });
    } else if (kind === 3) {
      if (unlink(network, a, b)) changes.push({ kind: 'unlink', period, a, b });
    } else if (kind === 4) {
      const reservation = reserve(network, { from: a, to: b, amount }, nowMs);
      if (reservation.ok) changes.push({ kind: 'reserve', period, hold: reservation.hold });
    } else if (kind === 5) {
      const token = [...network.holds.byToken.keys()][0] ?? 0;
      const outcome = prng.pick(['commit', 'release', 'forfeit'] as const);
      if (endHold(network, token, outcome) !== null) changes.push({ kind: 'end', period, token, outcome });
    } else if (kind === 6 && prng.chance(0.3)) {
      if (growLink(network, a, b, 2 * network.policy.grain))
        changes.push({ kind: 'grow', period, a, b, units: 2 * network.policy.grain });
    } else if (kind === 7) {
      nowMs += HOUR_MS * prng.below(9);
      advance(network, nowMs);
    } else {
      const result = pay(network, { from: a, to: b, amount });
      if (result.ok) changes.push({ kind: 'pay', period, steps: result.steps });
    }
  }
  return changes;
}

const reload = (ledger: Ledger): Ledger | null => {
  const loading = startLoading();
  for (const record of snapshotRecords(ledger)) if (!loadRecord(loading, record)) return null;
  return finishLoading(loading);
};

for (const policy of [GENIE, ostra()])
  test(`${policy.name}: changes replayed from bytes, from the start or from a snapshot, give the same state`, () => {
    const kinds = new Set<string>();
    for (let seed = 1; seed <= 60; seed += 1) {
      const prng = createPrng(seed, policy.name);
      const ledger = emptyLedger(policy);
      const before = live(ledger, prng, 150);
      const snapshot = reload(ledger);
      assert.ok(snapshot);
      assert.deepEqual(stateOf(snapshot), stateOf(ledger));
      const after = live(ledger, prng, 80);
      const replayed = emptyLedger(policy);
      for (const [index, change] of [...before, ...after].entries()) {
        kinds.add(change.kind);
        const decoded = decodeChange(encodeChange(change));
        assert.deepEqual(decoded, change);
        assert.ok(applyChange(replayed, change), `seed ${seed}, change ${index}`);
        if (index >= before.length) assert.ok(applyChange(snapshot, change));
      }
      for (const copy of [replayed, snapshot]) {
        copy.network.period = ledger.network.period;
        assert.deepEqual(stateOf(copy), stateOf(ledger), `seed ${seed}`);
        assertSound(copy.network);
      }
    }
    assert.deepEqual([...kinds].sort(), ['account', 'end', 'grow', 'link', 'pay', 'reserve', 'unlink']);
  });

test('damaged changes and snapshots are none, and never throw', () => {
  const prng = createPrng(4);
  const ledger = emptyLedger(GENIE);
  const changes = live(ledger, prng, 200);
  for (const change of changes) {
    const bytes = encodeChange(change);
    assert.equal(decodeChange(bytes.subarray(0, bytes.length - 1)), null);
    assert.equal(decodeChange(Uint8Array.from([...bytes, 0])), null);
    const wrong = bytes.slice();
    wrong[prng.below(wrong.length)] = prng.below(256);
    const decoded = decodeChange(wrong);
    if (decoded !== null) {
      assert.deepEqual(encodeChange(decoded), wrong, 'canonical');
      const copy = reload(ledger);
      if (copy !== null) applyChange(copy, decoded);
    }
  }
  const records = [...snapshotRecords(ledger)];
  for (let draw = 0; draw < 400; draw += 1) {
    const loading = startLoading();
    const damaged = records.map((record) => record.slice());
    const victim = damaged[prng.below(damaged.length)] as Uint8Array;
    victim[prng.below(victim.length)]! ^= 1 << prng.below(8);
    if (damaged.every((record) => loadRecord(loading, record))) {
      const loaded = finishLoading(loading);
      if (loaded !== null)
        for (let node = 0; node < loaded.network.nodeCount; node += 1) settleRow(loaded.network, node);
    }
  }
  const cut = startLoading();
  for (const record of records.slice(0, -1)) assert.ok(loadRecord(cut, record));
  assert.equal(finishLoading(cut), null, 'without its last record a snapshot is not whole');
});

test('a snapshot shows the moment at which it was begun', () => {
  const ledger = emptyLedger(GENIE);
  live(ledger, createPrng(8), 150);
  const before = stateOf(ledger);
  const records = snapshotRecords(ledger);
  live(ledger, createPrng(9), 50);
  assert.notDeepEqual(stateOf(ledger), before);
  const loading = startLoading();
  for (const record of records) assert.ok(loadRecord(loading, record));
  const loaded = finishLoading(loading);
  assert.deepEqual(loaded && stateOf(loaded), before);
});

test('another policy is adopted while running: balances stay, credit and rhythm change', () => {
  for (const credit of [1, 2, 3, 5, 9]) {
    const ledger = emptyLedger(GENIE);
    live(ledger, createPrng(21), 250);
    for (const token of [...ledger.network.holds.byToken.keys()]) endHold(ledger.network, token, 'release');
    const day = genie({ credit, replenish: 1, everyMs: 24 * HOUR_MS });
    adoptPolicy(ledger.network, day, 1000 * HOUR_MS);
    assertSound(ledger.network);
    assert.equal(ledger.network.period, 41);
    advance(ledger.network, 24_000 * HOUR_MS);
    const { network } = ledger;
    for (let node = 0; node < network.nodeCount; node += 1) {
      settleRow(network, node);
      const [start, end] = [network.starts[node], network.ends[node]];
      assert.deepEqual(network.out.subarray(start, end), network.base.subarray(start, end));
    }
  }
});
