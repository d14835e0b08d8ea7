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
import { checkDeterminism, describeViolation, runSeed, type SweepSystem, sweep } from './sweep.ts';

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
  // With nobody to cover for it: every member is hasty, and power fails everywhere at once.
  const hasty: SweepSystem<Config> = {
    ...storeWith(() => createMember(true)),
    build: (setting) => {
      const built = storeWith(() => createMember(true)).build(setting);
      const { world } = built;
      const members = world.ids.filter((id) => id < FIRST_CONNECTION);
      for (const id of members) world.setDisk(id, { syncMs: 100 });
      world.schedule(setting.horizonMs / 2, () => {
        for (const id of members) world.crash(id);
      });
      return built;
    },
  };
  const options = { ...OPTIONS, faultsPerSecond: 0 };
  const { violations } = sweep(hasty, { from: 0, to: 10 }, options);
  const [first] = violations;
  assert.equal(first?.detector, 'lost-write');
  assert.match(describeViolation(first), /replay: concordat sim toy-store --seed \d/);
  assert.deepEqual(runSeed(hasty, first.seed, options), first);
});

test('a right protocol survives the same power failure', () => {
  const system = storeWith(createMember);
  const careful: SweepSystem<Config> = {
    ...system,
    build: (setting) => {
      const built = system.build(setting);
      const members = built.world.ids.filter((id) => id < FIRST_CONNECTION);
      built.world.schedule(setting.horizonMs / 2, () => {
        for (const id of members) built.world.crash(id);
      });
      return built;
    },
  };
  assert.deepEqual(sweep(careful, { from: 0, to: 10 }, { ...OPTIONS, faultsPerSecond: 0 }).violations, []);
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
  assert.ok(violations.some(({ detector }) => detector === 'liveness'));
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
