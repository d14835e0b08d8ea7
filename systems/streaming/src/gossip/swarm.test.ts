/** BAR Gossip as a whole, in simulated streams: who gets what in time, under which misbehaviour. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { totalBytes } from '@concordat/accountability';
import { createPrng } from '@concordat/kernel';
import { deviationNamed, isFed } from '../deviations/index.ts';
import {
  createSwarm,
  evictedOf,
  inTimeShare,
  mediaOf,
  type Swarm,
  type SwarmOptions,
} from '../testing/swarm.ts';

const PEERS = 200;
const ROUNDS = 40;
/** Copies of each packet: 5 % of the peers. */
const SEEDS = 10;

function run(options: Partial<SwarmOptions>): Swarm {
  const swarm = createSwarm({
    seed: 11,
    peers: PEERS,
    ...options,
    config: { seeds: SEEDS, ...options.config },
  });
  swarm.runRounds(ROUNDS);
  return swarm;
}

/** A share of the peers deviates; what the others got. */
function othersUnder(
  name: string,
  share: number,
  options: Partial<SwarmOptions> = {},
): { swarm: Swarm; inTime: number } {
  const deviation = deviationNamed(name);
  assert.ok(deviation !== null);
  const ids = Array.from({ length: PEERS }, (_, i) => 1 + i).filter((id) => id % 10 < 10 * share);
  const swarm = run({ ...options, deviants: [{ ids, deviation }] });
  const others = swarm.ids.filter((id) => !ids.includes(id));
  return { swarm, inTime: inTimeShare(swarm, others) };
}

describe('BAR Gossip', () => {
  const obedient = run({});

  test('when all obey, 99 % of the packets are there in time, and nobody is accused of anything', () => {
    assert.ok(inTimeShare(obedient, obedient.ids) >= 0.99);
    assert.deepEqual(evictedOf(obedient), []);
    for (const id of obedient.ids) {
      const { meter, strikes, evidence, debtors } = obedient.peer(id);
      assert.ok(meter.rounds >= ROUNDS - obedient.config.lifetimeRounds - 2);
      assert.deepEqual([meter.hostile, strikes.peers.size, evidence.size, debtors.size], [0, 0, 0, 0]);
    }
  });

  test('the broadcaster uploads its seeds and little more, however many peers there are', () => {
    const { meter } = obedient.broadcaster();
    const { packetsPerRound, packetBytes } = obedient.config;
    const seeds = ROUNDS * SEEDS * packetsPerRound * packetBytes;
    assert.ok(totalBytes(meter.up) > seeds && totalBytes(meter.up) < 1.35 * seeds);
  });

  test('peers upload little more than the stream, on average', () => {
    const { packetsPerRound, packetBytes } = obedient.config;
    const bytes = obedient.ids.reduce((sum, id) => sum + totalBytes(obedient.peer(id).meter.up), 0);
    const streams = bytes / (PEERS * ROUNDS * packetsPerRound * packetBytes);
    assert.ok(streams > 0.8 && streams < 1.4, `${streams}`);
  });

  test('optimistic push helps', () => {
    const protocol = { kind: 'gossip', pushSize: 0, youngRounds: 3, oldRounds: 7, junkFactor: 1.39 } as const;
    const without = run({ config: { protocol } });
    const gained = inTimeShare(obedient, obedient.ids) - inTimeShare(without, without.ids);
    assert.ok(gained > 0.005, `${gained}`);
    assert.ok(without.ids.every((id) => without.peer(id).meter.pushReturns === 0));
  });

  test('20 % that are silent leave the others 95 %', () => {
    assert.ok(othersUnder('silent', 0.2).inTime >= 0.95);
  });

  test('20 % that agree to every trade and deliver nothing leave the others 95 %', () => {
    const { swarm, inTime } = othersUnder('delivers-nothing', 0.2);
    assert.ok(inTime >= 0.95, `${inTime}`);
    assert.deepEqual(evictedOf(swarm), [], 'silence proves nothing');
  });

  test('40 % that pool what they get and never push leave outsiders 95 %', () => {
    const { inTime } = othersUnder('pools', 0.4);
    assert.ok(inTime >= 0.95, `${inTime}`);
  });

  test('the lotus-eater attack starves those who are not fed, but does not take the stream from them', () => {
    const { swarm } = othersUnder('lotus-eaters', 0.2);
    const eaters = (id: number): boolean => id % 10 < 2;
    const fed = swarm.ids.filter((id) => !eaters(id) && isFed(id));
    const starved = swarm.ids.filter((id) => !eaters(id) && !isFed(id));
    const [most, least] = [inTimeShare(swarm, fed), inTimeShare(swarm, starved)];
    assert.ok(most > least && most >= 0.99 && least >= 0.9, `${most} ${least}`);
  });

  test('the same seed is the same run', () => {
    const again = run({});
    for (const id of again.ids) assert.deepEqual(again.peer(id).meter, obedient.peer(id).meter);
  });
});

test('clocks may be hours wrong and drift: rounds are those of the beacons', () => {
  const random = createPrng(8, 'clocks');
  const clocks = new Map(
    Array.from({ length: 60 }, (_, i) => [
      1 + i,
      { offsetMs: random.below(7_200_000) - 3_600_000, drift: (random.unit() - 0.5) * 2e-4 },
    ]),
  );
  const options = { seed: 8, peers: 60, config: { seeds: 4 }, clockOf: (id: number) => clocks.get(id) ?? {} };
  const swarm = createSwarm(options);
  swarm.runRounds(60);
  assert.ok(inTimeShare(swarm, swarm.ids) >= 0.99, `${inTimeShare(swarm, swarm.ids)}`);
  for (const id of swarm.ids) assert.ok(Math.abs(swarm.peer(id).round - swarm.broadcaster().round) <= 1);
});

test('links that lose and delay cost little, and make nobody guilty', () => {
  const network = { latencyMs: 30, jitterMs: 30, lossChance: 0.02, tailChance: 0.02, tailMs: 400 };
  const swarm = createSwarm({ seed: 8, peers: 60, config: { seeds: 4 }, network });
  swarm.runRounds(40);
  assert.ok(inTimeShare(swarm, swarm.ids) >= 0.98, `${inTimeShare(swarm, swarm.ids)}`);
  assert.deepEqual(evictedOf(swarm), []);
  assert.ok(swarm.ids.every((id) => swarm.peer(id).evidence.size === 0));
});

test('with real bytes, sealed and encoded, peers play what was broadcast', () => {
  const played = new Map<number, (Uint8Array | null)[]>();
  const swarm = createSwarm({
    seed: 3,
    peers: 24,
    config: { seeds: 4, packetBytes: 60 },
    checkInvariants: true,
    isEncoded: true,
    play: (_id, round, media) => played.set(round, [...(played.get(round) ?? []), media]),
  });
  swarm.runRounds(25);
  const mediaIn = mediaOf(3, swarm.config, 60);
  let whole = 0;
  for (const [round, all] of played)
    for (const media of all) {
      if (media === null) continue;
      assert.deepEqual(media, mediaIn(round));
      whole++;
    }
  const [rounds, jittered] = swarm.ids.reduce(
    ([sum, lost], id) => [sum + swarm.peer(id).meter.rounds, lost + swarm.peer(id).meter.jittered],
    [0, 0],
  );
  assert.deepEqual([whole, rounds - jittered], [rounds - jittered, whole]);
  assert.ok(whole > 0.9 * rounds, `${whole} of ${rounds}`);
  assert.ok(inTimeShare(swarm, swarm.ids) >= 0.98, `${inTimeShare(swarm, swarm.ids)}`);
  assert.deepEqual(evictedOf(swarm), []);
  assert.equal(
    swarm.ids.reduce((sum, id) => sum + swarm.peer(id).strikes.peers.size, 0),
    0,
  );
});
