/** One exchange and one push step by step, and what becomes of keys that do not come. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeId } from '@concordat/kernel';
import type { Observer } from '@concordat/sim';
import { deviationNamed } from '../deviations/index.ts';
import type { StreamMessage } from '../messages/messages.ts';
import { isDebtor } from '../peer/state.ts';
import { BROADCASTER, createSwarm, type Swarm, type SwarmOptions } from '../testing/swarm.ts';

interface Said {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: StreamMessage;
}

function listen(said: Said[]): Observer {
  return {
    sent: (_at, from, to, messages) => {
      for (const message of messages as readonly StreamMessage[]) said.push({ from, to, message });
    },
  };
}

/** Two peers, with one copy of each packet: each has what the other lacks. */
function pair(options: Partial<SwarmOptions> = {}): { swarm: Swarm; said: Said[] } {
  const said: Said[] = [];
  const config = { seeds: 1, auditsPerRound: 0, ...options.config };
  const swarm = createSwarm({ seed: 4, peers: 2, observers: [listen(said)], ...options, config });
  return { swarm, said };
}

/** What two peers said about trades of `tag` in `round`: c is the one, p the other. */
const dialogue = (
  said: readonly Said[],
  [c, p]: readonly [NodeId, NodeId],
  round: number,
  tag: number,
): string[] =>
  said.flatMap(({ from, to, message }) => {
    const isBetween = (from === c && to === p) || (from === p && to === c);
    if (!isBetween || !('tag' in message) || message.tag !== tag || message.round !== round) return [];
    return [`${from === c ? 'c' : 'p'} ${message.kind}`];
  });

describe('an exchange', () => {
  test('takes six messages and two requests for keys, the initiator giving first', () => {
    const said: Said[] = [];
    const swarm = createSwarm({ seed: 9, peers: 30, config: { seeds: 2 }, observers: [listen(said)] });
    swarm.runRounds(8);
    const dialogues = said.flatMap(({ from, to, message }) =>
      message.kind === 'reserve' ? [dialogue(said, [from, to], message.round, 0).join()] : [],
    );
    const full = 'c reserve,p accept,c reveal,c briefcase,p briefcase,p key-ask,c key,c key-ask,p key';
    const empty = 'c reserve,p accept,c reveal';
    assert.ok(dialogues.filter((each) => each === full).length > 50);
    assert.ok(dialogues.includes(empty), 'with nothing to trade, it ends once both know');
    for (const each of dialogues) assert.ok(each.startsWith(empty) || each.includes('p reserve'), each);
  });

  test('is as long for one side as for the other', () => {
    const { swarm, said } = pair();
    swarm.runRounds(20);
    const sizes = new Map<string, number[]>();
    for (const { message } of said)
      if (message.kind === 'briefcase') {
        const trade = `${message.round} ${message.tag} ${message.answers.join()}`;
        sizes.set(trade, [...(sizes.get(trade) ?? []), message.contents.length]);
      }
    assert.ok(sizes.size > 20);
    for (const [trade, [one, other]] of sizes) assert.equal(one, other, trade);
  });

  test('is void when the partner answers another opening, or too late', () => {
    const { swarm, said } = pair({ network: { latencyMs: 700 } });
    swarm.runRounds(12);
    assert.equal(said.filter(({ message }) => message.kind === 'key').length, 0);
  });
});

describe('a key that does not come', () => {
  const asked = (said: readonly Said[], round: number, who: NodeId): number =>
    said.filter(({ from, message }) => from === who && message.kind === 'key-ask' && message.round === round)
      .length;

  test('is asked for again, once a round, as often as the config says, and its owner is not served meanwhile', () => {
    const deviation = deviationNamed('withholds-all-keys');
    assert.ok(deviation !== null);
    const { swarm, said } = pair({ deviants: [{ ids: [2], deviation }] });
    swarm.runRounds(14);
    const { asks } = swarm.config.keys;
    const firstRound = Math.min(
      ...said.flatMap(({ message }) => (message.kind === 'key-ask' ? message.round : [])),
    );
    const trades = said.filter(
      ({ message }) => message.kind === 'briefcase' && message.round === firstRound,
    ).length;
    assert.ok(trades > 0);
    assert.ok(asked(said, firstRound, 1) >= asks && asked(said, firstRound, 1) <= 4 * asks);
    const peer = swarm.peer(1);
    assert.ok(isDebtor(peer, 2));
    const later = said.filter(
      ({ from, message }) =>
        from === 1 && 'tag' in message && message.round > firstRound && message.round < firstRound + 9,
    );
    assert.deepEqual(
      later.filter(({ message }) => message.kind !== 'key-ask' && message.kind !== 'key'),
      [],
    );
  });

  test('is forgiven once what it opens is worthless', () => {
    const deviation = deviationNamed('withholds-all-keys');
    assert.ok(deviation !== null);
    const { swarm, said } = pair({ deviants: [{ ids: [2], deviation }] });
    swarm.runRounds(30);
    const rounds = said.flatMap(({ from, message }) =>
      from === 1 && message.kind === 'accept' ? message.round : [],
    );
    assert.ok(Math.max(...rounds) - Math.min(...rounds) >= swarm.config.lifetimeRounds);
  });

  test('in the variant that is broken on purpose is asked for once, and its owner served', () => {
    const deviation = deviationNamed('withholds-all-keys');
    assert.ok(deviation !== null);
    const keys = { asks: 1, askBytes: 7, servesDebtors: true, acceptsScraps: true };
    const { swarm, said } = pair({
      deviants: [{ ids: [2], deviation }],
      config: { keys },
      allowsUnsound: true,
    });
    swarm.runRounds(14);
    assert.ok(!isDebtor(swarm.peer(1), 2));
    const rounds = new Set(
      said.flatMap(({ from, message }) => (from === 1 && message.kind === 'accept' ? message.round : [])),
    );
    assert.ok(rounds.size > 6);
    for (const round of rounds) assert.ok(asked(said, round, 1) <= 4);
  });

  test('comes late after a break, and is of use', () => {
    const { swarm } = pair({
      config: { protocol: { kind: 'gossip', pushSize: 0, youngRounds: 3, oldRounds: 7, junkFactor: 1.39 } },
    });
    const { world } = swarm;
    const opened = (): number =>
      swarm
        .peer(1)
        .trades.flat()
        .filter(({ isOpened }) => isOpened).length;
    // Until the other side's briefcase is here, and its key not.
    const isWaiting = (): boolean =>
      swarm
        .peer(1)
        .trades.flat()
        .some(({ received, isOpened }) => received !== null && !isOpened);
    assert.ok(world.runUntil(isWaiting, 10_000));
    const before = opened();
    world.cut(2, 1);
    world.run(300);
    assert.equal(opened(), before);
    world.mend(2, 1);
    world.run(2500);
    assert.ok(opened() > before);
    assert.equal(
      swarm
        .peer(1)
        .trades.flat()
        .filter(({ received, isOpened }) => received !== null && !isOpened).length,
      0,
    );
  });
});

describe('a push', () => {
  test('gives young packets for as many old ones, or junk', () => {
    const said: Said[] = [];
    const swarm = createSwarm({ seed: 9, peers: 30, config: { seeds: 2 }, observers: [listen(said)] });
    swarm.runRounds(16);
    const offer = said.find(
      ({ message }) => message.kind === 'push-want' && message.want.some((word) => word !== 0),
    );
    assert.ok(offer?.message.kind === 'push-want');
    const [c, p] = [offer.to, offer.from];
    const steps = dialogue(said, [c, p], offer.message.round, 1);
    assert.deepEqual(steps, [
      'c push-offer',
      'p push-want',
      'c briefcase',
      'p briefcase',
      'p key-ask',
      'c key',
      'c key-ask',
      'p key',
    ]);
    const useful = swarm.ids.reduce((sum, id) => sum + swarm.peer(id).meter.pushReturns, 0);
    const junk = swarm.ids.reduce((sum, id) => sum + swarm.peer(id).meter.pushJunk, 0);
    // The inequality that makes pushing pay: the chance of something useful times the benefit exceeds the cost.
    const { utility } = swarm.config;
    assert.ok(useful / (useful + junk) > utility.upCost / utility.benefit);
    assert.ok(useful / (useful + junk) > utility.pushUsefulChance);
  });
});

describe('a peer that starts again', () => {
  test('signs nothing for the round in which it was, and the next', () => {
    const said: Said[] = [];
    const swarm = createSwarm({ seed: 6, peers: 12, config: { seeds: 2 }, observers: [listen(said)] });
    swarm.runRounds(8);
    const { world } = swarm;
    const round = swarm.peer(5).round;
    world.crash(5);
    said.length = 0;
    world.restart(5);
    world.run(3900);
    const rounds = said.flatMap(({ from, message }) => (from === 5 && 'tag' in message ? message.round : []));
    assert.ok(rounds.length > 0 && Math.min(...rounds) >= round + 2, `${Math.min(...rounds)} after ${round}`);
  });
});

describe('a broadcaster that starts again', () => {
  test('goes on in the same stream, and remembers whom it evicted', () => {
    const deviation = deviationNamed('seals-junk');
    assert.ok(deviation !== null);
    const swarm = createSwarm({
      seed: 6,
      peers: 24,
      config: { seeds: 3, auditsPerRound: 12 },
      deviants: [{ ids: [4], deviation }],
    });
    swarm.runRounds(12);
    const before = swarm.broadcaster();
    assert.deepEqual(
      before.evictions.entries.map(({ member }) => member),
      [4],
    );
    swarm.world.crash(BROADCASTER);
    swarm.world.run(2300);
    swarm.world.restart(BROADCASTER);
    swarm.runRounds(4);
    const after = swarm.broadcaster();
    assert.notEqual(after, before);
    assert.deepEqual(after.evictions, before.evictions);
    assert.equal(after.startedAt, before.startedAt);
    assert.equal(after.round, swarm.peer(7).round);
    assert.ok(after.round >= before.round + 6);
  });
});
