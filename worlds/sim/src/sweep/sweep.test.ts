/** The sweep finds nothing wrong with a right protocol, and what is wrong with wrong ones: safety, liveness, dice. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_CONNECTION, type NodeId, type Process, type Strategy } from '@concordat/kernel';
import { createWorld, delay, mute } from '../index.ts';
import {
  type ClientState,
  createClient,
  createMember,
  type MemberState,
  type Put,
  putCodec,
} from '../toy-store.ts';
import { randomClock, randomDisk, randomNetwork } from './random-options.ts';
import { checkDeterminism, describeViolation, runSeed, type SweepSystem, shrink, sweep } from './sweep.ts';

interface Config {
  readonly u: number;
  readonly clients: number;
  readonly everyMs: number;
}

const STRATEGIES: Readonly<Record<string, Strategy<MemberState, Put>>> = { mute: mute(), slow: delay(200) };

/** The toy store with 2u + 1 members; `member` is what they run. */
function storeWith(member: () => Process<MemberState, Put>): SweepSystem<Config> {
  return {
    name: 'toy-store',
    strategies: Object.keys(STRATEGIES),
    configure: (random) => ({
      u: 1 + random.below(2),
      clients: 1 + random.below(3),
      everyMs: 5 + random.below(50),
    }),
    faults: ({ u }) => ({ budget: { u, r: 1 }, members: Array.from({ length: 2 * u + 1 }, (_, id) => id) }),
    build: ({ seed, config, random, byzantine, horizonMs }) => {
      const world = createWorld({ seed, network: randomNetwork(random) });
      const members = Array.from({ length: 2 * config.u + 1 }, (_, id) => id);
      for (const id of members) {
        const strategy = STRATEGIES[byzantine.get(id) ?? ''];
        const process = strategy === undefined ? member() : strategy(member());
        world.add({ id, process, codec: putCodec, disk: randomDisk(random), clock: randomClock(random) });
      }
      const clients = Array.from({ length: config.clients }, (_, i) => FIRST_CONNECTION + i);
      for (const id of clients)
        world.add({
          id,
          process: createClient(members, config.u, config.everyMs, horizonMs),
          codec: putCodec,
          link: 'connection',
        });
      const valuesAt = (id: NodeId): ReadonlySet<number> =>
        world.isUp(id) ? world.stateOf<MemberState>(id).values : new Set();
      return {
        world,
        outstanding: () => clients.filter((id) => world.stateOf<ClientState>(id).isBusy).length,
        judges: {
          'lost-write': () => {
            const written = clients.flatMap((id) => world.stateOf<ClientState>(id).written);
            const lost = written.find((value) => !members.some((id) => valuesAt(id).has(value)));
            return lost === undefined ? null : `the written value ${lost} is nowhere`;
          },
        },
      };
    },
  };
}

const OPTIONS = { horizonMs: 5000, patienceMs: 30_000, faultsPerSecond: 3 };

test('a right protocol survives 40 seeds', () => {
  const seen: number[] = [];
  const report = sweep(storeWith(createMember), { from: 0, to: 40 }, OPTIONS, (seed) => void seen.push(seed));
  assert.deepEqual(report.violations.map(describeViolation), []);
  assert.equal(report.seeds, 40);
  assert.equal(seen.length, 40);
});

test('a member that acknowledges before the disk has it is caught, and the replay shows it again', () => {
  const system = storeWith(() => createMember(true));
  const hasty: SweepSystem<Config> = {
    ...system,
    // Others would cover for one that forgot: it takes a loss of power at all of them.
    faults: () => ({ budget: { u: 0, r: 0, hasOutages: true }, members: [0, 1, 2] }),
    configure: (random) => ({ ...system.configure(random), u: 1, everyMs: 1 }),
  };
  const { violations } = sweep(hasty, { from: 0, to: 20 }, OPTIONS);
  const [first] = violations;
  assert.equal(first?.detector, 'lost-write');
  assert.match(describeViolation(first), /replay: concordat sim toy-store --seed \d/);
  assert.deepEqual(runSeed(hasty, first.seed, OPTIONS), first);
});

test('a right protocol survives outages of everyone', () => {
  const system = storeWith(createMember);
  const outages: SweepSystem<Config> = {
    ...system,
    faults: (config) => {
      const { budget, members } = system.faults(config);
      return { budget: { ...budget, hasOutages: true }, members };
    },
  };
  const { violations } = sweep(outages, { from: 100, to: 120 }, OPTIONS);
  assert.deepEqual(violations.map(describeViolation), []);
});

test('a protocol that gets stuck is caught', () => {
  // A member that was restarted says no more.
  const timid = (): Process<MemberState, Put> => {
    const member = createMember();
    let lives = 0;
    return {
      ...member,
      start: (env, recovered) => {
        lives++;
        return member.start(env, recovered);
      },
      receive: (state, env, from, message) => {
        if (lives === 1) member.receive(state, env, from, message);
      },
    };
  };
  const { violations } = sweep(storeWith(timid), { from: 0, to: 20 }, OPTIONS);
  const [stuck] = violations
    .filter(({ detector }) => detector === 'liveness')
    .sort((a, b) => b.faults.length - a.faults.length);
  assert.ok(stuck !== undefined);
  const small = shrink(storeWith(timid), stuck, OPTIONS);
  assert.equal(small.detector, 'liveness');
  assert.ok(small.faults.length < stuck.faults.length, 'most faults are of no matter');
  assert.match(small.replay, /--skip \d/);
});

test('a broken invariant is caught', () => {
  const suspicious = (): Process<MemberState, Put> => ({
    ...createMember(),
    invariants: (state) => {
      if (state.values.size > 20) throw new Error('at most twenty values are kept');
    },
  });
  const violation = runSeed(storeWith(suspicious), 3, OPTIONS);
  assert.equal(violation?.detector, 'invariant');
  assert.match(violation.message, /at most twenty/);
});

test('the same seed gives the same run, and hidden state is caught', () => {
  for (let seed = 0; seed < 5; seed++)
    assert.equal(checkDeterminism(storeWith(createMember), seed, OPTIONS), null);
  let calls = 0;
  const moody = (): Process<MemberState, Put> => {
    const member = createMember();
    return {
      ...member,
      receive: (state, env, from, message) => {
        if (++calls % 97 !== 0) member.receive(state, env, from, message);
      },
    };
  };
  const violation = checkDeterminism(storeWith(moody), 1, OPTIONS);
  assert.equal(violation?.detector, 'determinism');
});
