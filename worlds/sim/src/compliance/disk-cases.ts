/** Cases about the journal: what a restart finds, and what may leave before the disk has it. */

import { assert, type Recovered } from '@concordat/kernel';
import {
  bytesOf,
  type CaseDefinition,
  expectEqual,
  expectSoon,
  listener,
  scripted,
  startLinked,
  textOf,
} from './env-host.ts';

const textsOf = (recovered: Recovered | undefined): string[] => (recovered?.records ?? []).map(textOf);

const recoversInOrder: CaseDefinition = {
  name: 'a restart finds all durable records in order, and positions go on',
  members: 2,
  body: async (host) => {
    const found: Recovered[] = [];
    const positions: number[] = [];
    const received: string[] = [];
    await startLinked(host, listener(received), {
      start: (_env, recovered) => void found.push(recovered),
      act: (env) => {
        const life = found.length;
        for (let i = 0; i < 3; i++) positions.push(env.append(bytesOf(`life ${life} record ${i}`)));
        env.send(1, `life ${life}`);
      },
    });
    await expectSoon(host, () => received.includes('life 1'), 'the first life speaks');
    await host.crash(0);
    await host.restart(0);
    await expectSoon(host, () => received.includes('life 2'), 'the second life speaks');
    await host.crash(0);
    await host.restart(0);
    await expectSoon(host, () => found.length === 3, 'the third life begins');
    expectEqual(
      found.map(({ first, whole, records }) => [first, whole, records.length]),
      [
        [0, true, 0],
        [0, true, 3],
        [0, true, 6],
      ],
      'what each start finds',
    );
    expectEqual(positions.slice(0, 6), [0, 1, 2, 3, 4, 5], 'the positions');
    const expected = [1, 2].flatMap((life) => [0, 1, 2].map((i) => `life ${life} record ${i}`));
    expectEqual(textsOf(found[2]), expected, 'the records');
    return true;
  },
};

const sentMeansDurable: CaseDefinition = {
  name: 'whoever received a message can count on the records appended before it',
  members: 2,
  body: async (host) => {
    const received: string[] = [];
    let latest: Recovered | undefined;
    await startLinked(host, listener(received), {
      start: (_env, recovered) => {
        latest = recovered;
      },
      act: (env) => env.setTimer('promise', 1),
      timeout: (env) => {
        const position = env.append(bytesOf('promise'));
        env.send(1, String(position));
        env.setTimer('promise', 1);
      },
    });
    for (let round = 1; round <= 5; round++) {
      const before = received.length;
      await expectSoon(host, () => received.length > before + round, 'promises arrive');
      await host.crash(0);
      const promised = Number(received.at(-1)) + 1;
      latest = undefined;
      await host.restart(0);
      await expectSoon(host, () => latest !== undefined, 'it starts again');
      assert(textsOf(latest).length >= promised, 'no promise that was heard of is forgotten');
    }
    return true;
  },
};

const sendsWait: CaseDefinition = {
  name: 'sends wait for the turn and all before it; early ones do not',
  members: 2,
  body: async (host) => {
    if (host.holdSyncs === undefined) return false;
    const received: string[] = [];
    let isHeld = false;
    await startLinked(host, listener(received), {
      act: (env) => env.setTimer('poll', 1),
      timeout: (env, timer) => {
        if (timer === 'poll' && !isHeld) env.setTimer('poll', 1);
        else if (timer === 'poll') {
          env.append(bytesOf('x'));
          env.send(1, 'late');
          env.sendEarly(1, 'early');
          env.setTimer('next', 5);
        } else {
          env.send(1, 'next turn');
          env.sendEarly(1, 'next turn, early');
        }
      },
    });
    await host.holdSyncs(0, true);
    isHeld = true;
    await expectSoon(host, () => received.includes('next turn, early'), 'early messages need no disk');
    await host.pass(50);
    expectEqual(received, ['early', 'next turn, early'], 'what leaves before the disk has it');
    await host.holdSyncs(0, false);
    await expectSoon(host, () => received.length === 4, 'the rest leaves after the sync');
    expectEqual(received.slice(2), ['late', 'next turn'], 'frames leave in turn order');
    return true;
  },
};

const crashForgets: CaseDefinition = {
  name: 'a crash before the sync takes the turn back: its sends never leave',
  members: 2,
  body: async (host) => {
    if (host.holdSyncs === undefined) return false;
    const received: string[] = [];
    const found: Recovered[] = [];
    let isHeld = false;
    await startLinked(host, listener(received), {
      start: (_env, recovered) => void found.push(recovered),
      act: (env) => env.setTimer('poll', 1),
      timeout: (env) => {
        if (!isHeld) env.setTimer('poll', 1);
        else if (found.length === 1) {
          env.append(bytesOf('undone'));
          env.send(1, 'never');
          env.sendEarly(1, 'early');
        } else env.send(1, 'second life');
      },
    });
    await host.holdSyncs(0, true);
    isHeld = true;
    await expectSoon(host, () => received.includes('early'), 'the turn ran');
    await host.crash(0);
    await host.holdSyncs(0, false);
    await host.restart(0);
    await expectSoon(host, () => received.includes('second life'), 'the second life speaks');
    expectEqual(received, ['early', 'second life'], 'what left');
    assert(found[1]?.whole === true, 'a crash is no amnesia');
    // The record may have reached the disk, but nothing else can have.
    assert(
      textsOf(found[1]).every((record) => record === 'undone'),
      'recovery invents nothing',
    );
    return true;
  },
};

const releaseKeepsTheRest: CaseDefinition = {
  name: 'a release may drop what is before its position, and nothing else',
  members: 2,
  body: async (host) => {
    const received: string[] = [];
    const found: Recovered[] = [];
    await startLinked(host, listener(received), {
      start: (_env, recovered) => void found.push(recovered),
      act: (env) => {
        if (found.length > 1) return;
        for (let i = 0; i < 100; i++) env.append(bytesOf(String(i)));
        env.release(90);
        env.release(40);
        env.send(1, 'released');
      },
    });
    await expectSoon(host, () => received.includes('released'), 'the turn is durable');
    await host.crash(0);
    await host.restart(0);
    await expectSoon(host, () => found.length === 2, 'it starts again');
    const { first, records, whole } = found[1]!;
    assert(whole && first <= 90, 'the journal is whole from the release on');
    const expected = Array.from({ length: 100 - first }, (_, i) => String(first + i));
    expectEqual(records.map(textOf), expected, 'records keep their positions');
    return true;
  },
};

const wipeIsKnown: CaseDefinition = {
  name: 'after a wipe the journal is empty and not whole',
  members: 1,
  body: async (host) => {
    if (host.wipe === undefined) return false;
    const found: Recovered[] = [];
    await host.start(
      0,
      scripted({
        start: (env, recovered) => {
          found.push(recovered);
          env.append(bytesOf('record'));
        },
      }),
    );
    await expectSoon(host, () => found.length === 1, 'it starts');
    await host.crash(0);
    await host.wipe(0);
    await host.restart(0);
    await expectSoon(host, () => found.length === 2, 'it starts again');
    assert(found[0]?.whole === true, 'a new journal is whole');
    assert(found[1]?.whole === false, 'a lost one is not');
    expectEqual([found[1].records.length, found[1].first], [0, 0], 'what is left');
    return true;
  },
};

export const diskCases: readonly CaseDefinition[] = [
  recoversInOrder,
  sentMeansDurable,
  sendsWait,
  crashForgets,
  releaseKeepsTheRest,
  wipeIsKnown,
];
