/** What a peer takes from whom: only what the tracker signed enters, and a tracker that contradicts itself is convicted. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Strategy } from '@concordat/kernel';
import { deviationNamed } from '../deviations/index.ts';
import { createEpochHead, signEpochHead } from '../membership/epoch-list.ts';
import { settle, watch } from '../testing/flight-scenarios.ts';
import { createFlightSwarm, FIRST_NODE, TRACKER_NODE } from '../testing/flight-swarm.ts';
import { sampleMember } from '../testing/sample-members.ts';
import type { FlightMessage } from './messages.ts';
import type { FlightPeer } from './peer.ts';

/** Answers every question for a page with members that it made up, and says what epoch it likes. */
const poisons: Strategy<FlightPeer, FlightMessage> = (honest) => ({
  ...honest,
  receive: (state, env, from, message) => {
    if (message.kind !== 'page-ask') return honest.receive(state, env, from, message);
    const { keys } = state.options;
    const made = Array.from({ length: 8 }, (_, i) => sampleMember(7000 + i));
    for (const page of [0, 1]) env.send(from, { kind: 'page', epoch: message.epoch, page, members: made });
    const head = createEpochHead(keys.hash, message.epoch + 1, 0, [made]);
    env.send(from, { kind: 'epoch', head: signEpochHead(keys, new Uint8Array(32), head) });
  },
});

describe('following the tracker', () => {
  it('is not led astray by members that make up pages and epochs', () => {
    const swarm = createFlightSwarm({
      seed: 6,
      capacity: 60,
      config: { seeds: 6 },
      checkInvariants: false,
      strategyOf: (node) => (node % 3 === 0 ? poisons : undefined),
    });
    const nodes = swarm.add(50);
    settle(swarm);
    nodes.push(...swarm.add(10));
    const figures = watch(swarm, nodes.slice(0, 50), 60);
    assert.ok(figures.jitter <= 0.003, `${figures.jitter}`);
    const { pages, head } = swarm.tracker().epoch;
    for (const node of nodes) {
      const { own } = swarm.peer(node).peer ?? assert.fail('it is a member');
      assert.equal(own.roster.head.epoch, head.head.epoch);
      assert.deepEqual(own.roster.pages, pages);
    }
  });

  it('gives every peer the debts, places and tickets of its epoch only', () => {
    const swarm = createFlightSwarm({ seed: 7, capacity: 30, config: { seeds: 5 }, checkInvariants: false });
    swarm.add(20);
    settle(swarm);
    const young = swarm.add(10);
    swarm.runRounds(3);
    const peerOf = (node: number) => swarm.peer(node).peer ?? assert.fail('it is a member');
    for (const node of young) {
      const { own } = peerOf(node);
      assert.ok(own.ticket !== null && own.place >= own.roster.head.members);
    }
    swarm.runRounds(20);
    assert.equal(swarm.tracker().epoch.head.head.epoch, 2);
    for (const node of young) {
      const { own } = peerOf(node);
      assert.ok(own.ticket === null && own.place >= 0 && own.place < own.roster.head.members);
    }
    assert.ok(
      [...peerOf(FIRST_NODE).own.debts.balances.values()].every((balance) => Math.abs(balance) <= 25),
    );
  });

  it('takes evidence to the tracker with the next ping, which evicts the one that it convicts, and nobody else', () => {
    const overReports = deviationNamed('over-reports')?.make(1).conduct ?? assert.fail('it has a name');
    const liar = FIRST_NODE + 7;
    const swarm = createFlightSwarm({
      seed: 8,
      capacity: 40,
      config: { seeds: 6, auditsPerRound: 0 },
      checkInvariants: false,
      conductOf: (node) => (node === liar ? { trade: overReports } : undefined),
    });
    swarm.add(40);
    swarm.runRounds(3);
    const convicted = swarm.peer(liar).peer?.self ?? assert.fail('it is a member');
    swarm.runRounds(60);
    assert.ok(!swarm.tracker().members.has(convicted));
    assert.equal(swarm.tracker().evicted.size, 1);
    assert.equal(swarm.tracker().members.size, 39);
    assert.ok(
      swarm
        .tracker()
        .epoch.pages.flat()
        .every(({ id }) => id !== convicted),
    );
  });

  it('tells newcomers of evictions before their time: else nobody who knows of them could begin a trade with them', () => {
    const sealsJunk = deviationNamed('seals-junk')?.make(1).conduct ?? assert.fail('it has a name');
    const swarm = createFlightSwarm({
      seed: 3,
      capacity: 60,
      config: { seeds: 5 },
      checkInvariants: false,
      conductOf: (node) => (node === FIRST_NODE + 5 ? { trade: sealsJunk } : undefined),
    });
    swarm.add(40);
    swarm.runRounds(30);
    const { entries } = swarm.broadcaster().evictions;
    assert.equal(entries.length, 1);
    const young = swarm.add(15);
    swarm.runRounds(12);
    for (const node of young) assert.deepEqual(swarm.peer(node).peer?.evictions.entries, entries);
    // In the next epoch the old choose them, too; what they open is not void.
    const voids = (): number => young.reduce((sum, node) => sum + swarm.peer(node).meter.voids, 0);
    const before = voids();
    const { jitter } = watch(swarm, young, 60);
    assert.ok(jitter <= 0.003, `${jitter}`);
    assert.equal(swarm.tracker().epoch.head.head.epoch, 2);
    assert.ok(voids() - before <= 30, `${voids() - before}`);
  });

  it('survives a link that breaks before it knows what time it is', () => {
    const swarm = createFlightSwarm({ seed: 8, capacity: 4, config: { seeds: 2 } });
    const [node = 0] = swarm.add(1);
    while (!swarm.hasStarted(node) || swarm.peer(node).peer === null) swarm.world.run(1);
    assert.equal(swarm.peer(node).peer?.round, -1);
    assert.equal(swarm.tracker().members.size, 1);
    swarm.world.crash(TRACKER_NODE);
    swarm.runRounds(4);
    swarm.world.restart(TRACKER_NODE);
    swarm.runRounds(4);
    assert.ok((swarm.peer(node).peer?.round ?? -1) >= 0);
  });
});
