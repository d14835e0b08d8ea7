/** Both call at the same moment: one link survives, the same for both, and what waited is on it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { introduce, join, type Member, type Passage, passage, until } from './testing/crowd.ts';

const PAIRS = 20;
const ROUNDS = 20;
const MESSAGES = 3;

interface Pair {
  readonly members: readonly [Member, Member];
  readonly heard: readonly [string[], string[]];
  readonly passages: readonly [Passage, Passage];
}

/** Two peers that call each other through passages which keep every piece for up to `delayMs` of its own. */
async function createPair(first: number, delayMs: () => number): Promise<Pair> {
  const heard: [string[], string[]] = [[], []];
  const enter = (index: 0 | 1): Promise<Member> =>
    join(first + index, {
      limits: { idleMs: 30_000, restMs: 0 },
      onMessage: (_from, text) => void heard[index].push(text),
    });
  const members: [Member, Member] = [await enter(0), await enter(1)];
  introduce(members);
  const passages: Passage[] = [];
  for (const [index, member] of members.entries()) {
    const way = await passage(member.peers.address!.port);
    way.delayMs = delayMs;
    members[1 - index]!.peers.add(member.id, { ...member.contact(), port: way.port } as never);
    passages.push(way);
  }
  return { members, heard, passages: passages as unknown as [Passage, Passage] };
}

/** Both speak at about the same moment; then the link is parted from, by either. */
async function playRound({ members, heard, passages }: Pair, round: number): Promise<void> {
  const ids = members.map(({ id }) => id);
  const texts = members.map((_, index) =>
    Array.from({ length: MESSAGES }, (_, i) => `${round} ${index} ${i}`),
  );
  await Promise.all(
    members.map(async (member, index) => {
      for (const text of texts[index]!) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
        member.send(ids[1 - index]!, text);
      }
    }),
  );
  await until(() => heard.every(({ length }) => length >= MESSAGES), `round ${round}: all is heard`);
  assert.deepEqual(heard, [texts[1], texts[0]], 'exactly what was sent, in order');
  const settled = (): boolean =>
    members.every(({ peers }) => peers.linked.length === 1) &&
    passages.reduce((sum, { sockets }) => sum + sockets.size, 0) === 2;
  await until(settled, `round ${round}: one connection is left`);
  members[round % 2]!.peers.inUse()[0]!.peer.part();
  await until(() => members.every(({ peers }) => peers.linked.length === 0), 'parted');
  await until(() => passages.every(({ sockets }) => sockets.size === 0), 'nothing is left');
  for (const list of heard) list.length = 0;
}

test('four hundred simultaneous calls with random delays leave one link each', async () => {
  const pairs: Pair[] = [];
  // Ids that cross: the smaller one is not always the first.
  for (let i = 0; i < PAIRS; i++) pairs.push(await createPair(2 * i, () => Math.random() * (i % 4) * 3));
  try {
    await Promise.all(
      pairs.map(async (pair) => {
        for (let round = 0; round < ROUNDS; round++) await playRound(pair, round);
      }),
    );
    const all = pairs.flatMap(({ members }) => members);
    const ups = all.reduce(
      (sum, { notes }) => sum + notes.filter(({ kind }) => kind === 'link-up').length,
      0,
    );
    assert.equal(ups, 2 * PAIRS * ROUNDS, 'one link for each round');
    assert.deepEqual(
      all.flatMap(({ events }) => events.filter((event) => event.endsWith('down'))),
      [],
    );
    assert.equal(
      all.reduce((sum, { lost }) => sum + lost, 0),
      0,
    );
  } finally {
    for (const { members, passages } of pairs) {
      for (const { peers } of members) peers.destroy();
      for (const way of passages) way.close();
    }
  }
});

test('where only the larger id can reach the other, its call is taken', async () => {
  const { members, heard, passages } = await createPair(0, () => 0);
  const [zero, one] = members;
  try {
    passages[1].isDark = true;
    zero.send(1, 'from the smaller');
    one.send(0, 'from the larger');
    await until(() => heard.every(({ length }) => length === 1), 'both are heard');
    assert.deepEqual([...zero.events, ...one.events], []);
  } finally {
    for (const { peers } of members) peers.destroy();
    for (const way of passages) way.close();
  }
});
