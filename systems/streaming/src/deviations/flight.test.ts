/**
 * What each deviation of FlightPath does to its maker and to the others: the same stream, with the same seed, obedient and not.
 * Rational ones gain at most a tenth (the epsilon of FlightPath), Byzantine ones harm the others by little. A joiner that its own
 * tub eclipses is in `attacks/members.test.ts`.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeId } from '@concordat/kernel';
import { settle, snapshotUtility, utilitySince, watch } from '../testing/flight-scenarios.ts';
import { createFlightSwarm, FIRST_NODE } from '../testing/flight-swarm.ts';
import { type Deviation, FLIGHT_DEVIATIONS, flightDeviant, inFlight } from './index.ts';

const PEERS = 36;
const DEVIANTS = 3;
/** All are on the list by then. */
const SETTLED = 42;
const ROUNDS = 36;

const isDeviant = (node: NodeId): boolean => node - FIRST_NODE < DEVIANTS;

interface Outcome {
  /** Per round, of those that deviate. */
  readonly utility: number;
  /** Rounds that the others lose, as a share. */
  readonly jitter: number;
  /** Whom the tracker has evicted. */
  readonly evicted: number;
}

/** Each for itself, but for a coalition's members. */
function run(deviation: Deviation | null): Outcome {
  const joint = deviation?.isJoint === true ? inFlight(deviation.make(1)) : undefined;
  const deviants = new Map(
    Array.from({ length: DEVIANTS }, (_, i) => [
      FIRST_NODE + i,
      deviation === null ? undefined : (joint ?? inFlight(deviation.make(1))),
    ]),
  );
  const swarm = createFlightSwarm({
    seed: 3,
    capacity: PEERS,
    config: { seeds: 5 },
    checkInvariants: false,
    conductOf: (node) => deviants.get(node),
    strategyOf: (node) => deviants.get(node)?.strategy,
  });
  const nodes = swarm.add(PEERS);
  swarm.runRounds(SETTLED);
  const before = snapshotUtility(swarm, nodes.filter(isDeviant));
  const others = watch(
    swarm,
    nodes.filter((node) => !isDeviant(node)),
    ROUNDS,
  );
  return {
    utility: utilitySince(swarm, before, ROUNDS),
    jitter: others.jitter,
    evicted: swarm.tracker().evicted.size,
  };
}

/** Everybody has an entry in the list already, and nobody has evidence to hide. */
const IDLE = ['hides-evidence', 'lies-about-its-ticket'];

describe('deviations of FlightPath', () => {
  const obedient = run(null);

  it('are compared with an obedient stream that plays', () => {
    // Benefit 12; upload and download about once the stream, at prices 1 and 0.25.
    assert.ok(obedient.utility > 10.4 && obedient.utility < 11, `${obedient.utility}`);
    assert.ok(obedient.jitter <= 0.001);
  });

  for (const deviation of FLIGHT_DEVIATIONS) {
    const { name, isJoint } = deviation;
    it(`${name}: ${isJoint ? 'a coalition' : 'does not pay, and'} harms little`, () => {
      const outcome = run(deviation);
      // The least that a deviation does: it changes what its maker gets. These two change nothing in a calm stream.
      if (!IDLE.includes(name)) assert.notEqual(outcome.utility, obedient.utility);
      if (!isJoint)
        assert.ok(
          outcome.utility <= 1.1 * obedient.utility,
          `${outcome.utility} against ${obedient.utility}`,
        );
      assert.ok(outcome.jitter <= 0.01, `${outcome.jitter}`);
      assert.equal(
        outcome.evicted,
        deviation.evidence === null ? 0 : DEVIANTS,
        'all who leave evidence, nobody else',
      );
    });
  }

  it('a false ticket is worth nothing: nobody takes part in a trade that its owner begins', () => {
    const liar = flightDeviant('lies-about-its-ticket');
    const swarm = createFlightSwarm({
      seed: 4,
      capacity: 40,
      config: { seeds: 5 },
      checkInvariants: false,
      strategyOf: (node) => (node === FIRST_NODE + 30 ? liar?.strategy : undefined),
    });
    swarm.add(30);
    settle(swarm);
    const young = swarm.add(10);
    const accepted = new Map<NodeId, number>(young.map((node) => [node, 0]));
    swarm.observeAccepts((node) => accepted.set(node, (accepted.get(node) ?? 0) + 1));
    swarm.runRounds(14);
    assert.equal(swarm.tracker().epoch.head.head.epoch, 1);
    const [ofLiar, ...others] = young.map((node) => accepted.get(node) ?? 0);
    assert.equal(ofLiar, 0);
    assert.ok(Math.min(...others) >= 5, `${others}`);
    // In the next epoch it is on the list, and needs no ticket.
    swarm.runRounds(20);
    assert.ok((accepted.get(young[0] ?? 0) ?? 0) > 0);
  });
});
