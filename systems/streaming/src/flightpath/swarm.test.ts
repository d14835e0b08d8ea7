/**
 * FlightPath in the simulator, at small sizes: what facts 3.7 ask for, with invariants checked after every turn - among them that
 * no peer ever uploads more than its cap in a round.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeId } from '@concordat/kernel';
import { flightDeviant } from '../deviations/index.ts';
import {
  delaysToPlay,
  figuresSince,
  settle,
  takeSnapshot,
  vanish,
  watch,
} from '../testing/flight-scenarios.ts';
import { createFlightSwarm, type FlightSwarmOptions, TRACKER_NODE } from '../testing/flight-swarm.ts';

const swarmOf = (capacity: number, seeds: number, changes: Partial<FlightSwarmOptions> = {}) =>
  createFlightSwarm({ seed: 1, capacity, config: { seeds }, ...changes });

describe('a steady stream', () => {
  it('plays, and uploads what is needed and not more, within the cap in every round', () => {
    const swarm = swarmOf(80, 8);
    let evidence = 0;
    swarm.world.observe({
      noted: (_at, _node, { kind }) => {
        if (kind === 'evidence') evidence++;
      },
    });
    const nodes = swarm.add(80);
    settle(swarm);
    const figures = watch(swarm, nodes, 40);
    assert.equal(figures.peers, 80);
    assert.ok(figures.rounds >= 79 * 40);
    assert.ok(figures.jitter <= 0.002, `${figures.jitter}`);
    assert.ok(figures.uploadPerNeed <= 1.03, `${figures.uploadPerNeed}`);
    assert.ok(figures.maxUpload <= 2, `${figures.maxUpload}`);
    assert.ok(figures.control < 0.08, `${figures.control}`);
    // What the broadcaster seeds while it is on its way from a partner.
    assert.ok(figures.duplicates < 10, `${figures.duplicates}`);
    // The first epoch ended early, as all of them were newcomers.
    assert.equal(swarm.tracker().epoch.head.head.epoch, 3);
    // Nobody has anything against anybody.
    assert.equal(evidence, 0);
    assert.ok(nodes.every((node) => swarm.peer(node).peer?.strikes.peers.size === 0));
  });

  it('goes the same way with the same seed', () => {
    const run = (): string => {
      const swarm = swarmOf(30, 5);
      const nodes = swarm.add(30);
      swarm.runRounds(2);
      return JSON.stringify(watch(swarm, nodes, 30));
    };
    assert.equal(run(), run());
  });
});

describe('slow links', () => {
  it('of up to 200 ms there and back, longer than a step is waited for at first, make peers patient', () => {
    const swarm = swarmOf(60, 6, { checkInvariants: false, network: { latencyMs: 60, jitterMs: 40 } });
    const nodes = swarm.add(60);
    settle(swarm);
    const figures = watch(swarm, nodes, 30);
    assert.ok(figures.jitter <= 0.06, `${figures.jitter}`);
    assert.ok(figures.uploadPerNeed <= 1.08, `${figures.uploadPerNeed}`);
    assert.ok(nodes.some((node) => (swarm.peer(node).peer?.own.patience ?? 0) > 1.3));
  });
});

describe('with a tenth that agree to trades and deliver nothing', () => {
  it('the others play', () => {
    const deviant = flightDeviant('delivers-nothing');
    assert.ok(deviant !== undefined);
    const swarm = swarmOf(80, 8, {
      checkInvariants: false,
      conductOf: (node) => (node % 10 === 0 ? deviant : undefined),
    });
    const nodes = swarm.add(80);
    settle(swarm);
    const figures = watch(
      swarm,
      nodes.filter((node) => node % 10 !== 0),
      40,
    );
    assert.ok(figures.jitter <= 0.005, `${figures.jitter}`);
  });
});

describe('a crowd of newcomers', () => {
  it('ten times as many as there are does not disturb those who are there, and plays soon', () => {
    const swarm = swarmOf(110, 8, { checkInvariants: false });
    const old = swarm.add(10);
    settle(swarm);
    const joinedIn = swarm.tracker().round;
    const before = takeSnapshot(swarm, old);
    const young = swarm.add(100);
    swarm.runRounds(40);
    assert.ok(figuresSince(swarm, before, 40).jitter <= 0.01);
    const delays = delaysToPlay(swarm, young, joinedIn);
    assert.equal(delays.length, 100);
    assert.ok(Math.max(...delays) <= 20, `${Math.max(...delays)}`);
    // All of them chose partners by tub at first, and are on the list of the next epoch.
    assert.equal(swarm.tracker().epoch.head.head.members, 110);
    assert.ok(young.every((node) => (swarm.peer(node).peer?.own.place ?? -1) >= 0));
  });
});

describe('members that go', () => {
  it('seven in ten at once and without a word: the others go on, while the list still has them all', () => {
    const swarm = swarmOf(120, 20, { checkInvariants: false });
    const nodes = swarm.add(120);
    settle(swarm);
    const stay = nodes.slice(84);
    vanish(swarm, nodes.slice(0, 84));
    swarm.runRounds(10);
    const figures = watch(swarm, stay, 20);
    assert.ok(figures.jitter <= 0.01, `${figures.jitter}`);
    assert.ok(figures.maxUpload <= 2);
  });

  it('with a word: they are out of the next list, and nobody serves them meanwhile', () => {
    const swarm = swarmOf(40, 6, { checkInvariants: false });
    const nodes = swarm.add(40);
    settle(swarm);
    const gone = nodes.slice(0, 5);
    const ids = new Set(gone.map((node) => swarm.peer(node).peer?.self));
    for (const node of gone) swarm.leave(node);
    const figures = watch(swarm, nodes.slice(5), 60);
    assert.ok(figures.jitter <= 0.005, `${figures.jitter}`);
    assert.ok(
      swarm
        .tracker()
        .epoch.pages.flat()
        .every(({ id }) => !ids.has(id)),
    );
    assert.equal(swarm.tracker().epoch.head.head.members, 35);
  });
});

describe('the tracker', () => {
  it('may be away for many rounds and come back: nobody is lost and nobody stops', () => {
    const swarm = swarmOf(40, 6, { checkInvariants: false });
    const nodes = swarm.add(40);
    settle(swarm);
    const ids = (): (NodeId | undefined)[] => nodes.map((node) => swarm.peer(node).peer?.self);
    const before = ids();
    swarm.world.crash(TRACKER_NODE);
    const away = watch(swarm, nodes, 20);
    swarm.world.restart(TRACKER_NODE);
    const back = watch(swarm, nodes, 40);
    assert.ok(away.jitter <= 0.005 && back.jitter <= 0.005, `${away.jitter} ${back.jitter}`);
    assert.deepEqual(ids(), before);
    assert.equal(swarm.tracker().members.size, 40);
  });

  it('lists an address at which nobody is: that harms its owner only', () => {
    const swarm = swarmOf(60, 8, {
      checkInvariants: false,
      addressOf: (node) => (node === 5 ? '999999' : undefined),
    });
    const nodes = swarm.add(60);
    settle(swarm);
    const figures = watch(
      swarm,
      nodes.filter((node) => node !== 5),
      40,
    );
    assert.ok(figures.jitter <= 0.003, `${figures.jitter}`);
  });
});
