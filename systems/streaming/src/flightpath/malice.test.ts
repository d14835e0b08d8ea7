/**
 * Peers that join an attack in mid-stream, after all have known them as obedient: at every step of a trade at which somebody can let it
 * come to nothing. What is lost is counted from the first round of the attack on.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeId } from '@concordat/kernel';
import { beginningWith, flightDeviant } from '../deviations/index.ts';
import { SETTLED_ROUNDS, settle, watch } from '../testing/flight-scenarios.ts';
import { createFlightSwarm, type FlightSwarm } from '../testing/flight-swarm.ts';
import { hasLapsed } from './standing.ts';

const PEERS = 80;
const ROUNDS = 40;

const isBad = (node: NodeId): boolean => node % 10 === 0;

interface Attack {
  readonly jitter: number;
  readonly uploadPerNeed: number;
  readonly maxUpload: number;
  /** How many of the others an attacker is remembered by as one that lets trades come to nothing, as a share; and an obedient peer. */
  readonly avoided: number;
  readonly slandered: number;
}

/** A tenth attack at once. */
function attackBy(name: string | null): Attack {
  const deviation = name === null ? undefined : flightDeviant(name);
  assert.equal(deviation === undefined, name === null);
  const later = deviation === undefined ? undefined : beginningWith(SETTLED_ROUNDS, deviation);
  const swarm = createFlightSwarm({
    seed: 2,
    capacity: PEERS,
    config: { seeds: 4 },
    checkInvariants: false,
    conductOf: (node) => (isBad(node) ? later : undefined),
    strategyOf: (node) => (isBad(node) ? later?.strategy : undefined),
  });
  const nodes = swarm.add(PEERS);
  settle(swarm);
  const good = nodes.filter((node) => !isBad(node));
  const { jitter, uploadPerNeed, maxUpload } = watch(swarm, good, ROUNDS);
  const share = (of: readonly NodeId[]): number => shareOfDoubts(swarm, good, of);
  return { jitter, uploadPerNeed, maxUpload, avoided: share(nodes.filter(isBad)), slandered: share(good) };
}

function shareOfDoubts(swarm: FlightSwarm, by: readonly NodeId[], of: readonly NodeId[]): number {
  const ids = of.map((node) => swarm.peer(node).peer?.self ?? assert.fail('it is a member'));
  let doubts = 0;
  for (const node of by) {
    const { peer } = swarm.peer(node);
    if (peer !== null) doubts += ids.filter((id) => hasLapsed(peer, id)).length;
  }
  return doubts / by.length / ids.length;
}

describe('a tenth that turn at once', () => {
  for (const [name, leastAvoided, mostUpload] of [
    ['reserves-only', 0.5, 1.01],
    ['accepts-only', 0.3, 1.02],
    ['delivers-nothing', 0.5, 1.03],
    ['hoards-keys', 0.5, 1.07],
    ['stalls', 0, 1.03],
  ] as const) {
    it(`${name}: cost the others next to no round from the first on, and are soon avoided`, () => {
      const attack = attackBy(name);
      assert.ok(attack.jitter <= 0.001, `${attack.jitter}`);
      assert.ok(attack.maxUpload <= 2);
      assert.ok(attack.uploadPerNeed <= mostUpload, `${attack.uploadPerNeed}`);
      assert.ok(attack.avoided >= leastAvoided, `${attack.avoided}`);
      assert.ok(attack.slandered <= 0.03, `${attack.slandered}`);
    });
  }
});

describe('peers that obey', () => {
  it('are hardly ever held for others that do not', () => {
    const { jitter, avoided, slandered, uploadPerNeed } = attackBy(null);
    assert.ok(jitter <= 0.0005 && uploadPerNeed <= 1.01, `${jitter} ${uploadPerNeed}`);
    assert.ok(Math.max(avoided, slandered) <= 0.01, `${avoided} ${slandered}`);
  });
});
