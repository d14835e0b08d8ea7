/**
 * The promise of kernel's `process.ts`, under random faults: links are first-in first-out while they last, and whoever
 * lost something is told. So a gap in what a receiver hears has a break before it, and a message lost though its
 * sender believed in the link has a break after it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng, type NodeId, type Process } from '@concordat/kernel';
import { createWorld } from './index.ts';

/** What a node saw of a peer, in order: sent and received numbers, and news of the link. */
type Sight =
  | { readonly kind: 'sent' | 'got'; readonly life: number; readonly n: number }
  | { readonly kind: 'up' | 'down' }
  | { readonly kind: 'restart' };

interface Numbered {
  readonly life: number;
  readonly n: number;
}

const MEMBERS = [0, 1, 2];

/** Sends numbers to all others, a few at a time; `sights` outlives crashes. */
function numbering(id: NodeId, sights: Map<NodeId, Sight[]>): Process<{ n: number }, Numbered> {
  let life = 0;
  const saw = (peer: NodeId, sight: Sight): void => void sights.get(peer)?.push(sight);
  return {
    start: (env) => {
      life++;
      for (const peer of MEMBERS) saw(peer, { kind: 'restart' });
      env.setTimer('send', 1);
      return { n: 0 };
    },
    receive: (_state, _env, from, { life: theirs, n }) => saw(from, { kind: 'got', life: theirs, n }),
    linked: (_state, _env, peer, isUp) => saw(peer, { kind: isUp ? 'up' : 'down' }),
    timeout: (state, env) => {
      state.n++;
      for (const peer of MEMBERS) {
        if (peer === id) continue;
        env.send(peer, { life, n: state.n });
        saw(peer, { kind: 'sent', life, n: state.n });
      }
      if (env.now < 4000) env.setTimer('send', env.random.below(8));
    },
    settle: () => {},
  };
}

/** One run of random cuts, breaks, slow links and crashes; then all heals. */
function runFaulty(
  seed: number,
  link: 'member' | 'peer' = 'member',
  idleMs = 10_000,
): Map<NodeId, Map<NodeId, Sight[]>> {
  const random = createPrng(seed, 'faults');
  const world = createWorld({
    seed,
    network: { jitterMs: 20, tailChance: 0.05, lossChance: 0.02, detectMs: 300, reconnectMs: 30, idleMs },
  });
  const all = new Map<NodeId, Map<NodeId, Sight[]>>();
  for (const id of MEMBERS) {
    const sights = new Map(MEMBERS.map((peer) => [peer, []]));
    all.set(id, sights);
    world.add({ id, process: numbering(id, sights), link });
  }
  const deeds = [
    (a: NodeId, b: NodeId) => world.cut(a, b),
    (a: NodeId, b: NodeId) => world.mend(a, b),
    (a: NodeId, b: NodeId) => world.breakLink(a, b),
    (a: NodeId) => world.partition([[a]]),
    () => world.heal(),
    (a: NodeId, b: NodeId) => world.setLink(a, b, { latencyMs: random.below(100) }),
    (a: NodeId) => world.crash(a),
    (a: NodeId) => (world.isUp(a) ? undefined : world.restart(a)),
  ];
  while (world.now < 4000) {
    world.run(random.below(200));
    const a = random.pick(MEMBERS);
    random.pick(deeds)(a, (a + 1 + random.below(2)) % 3);
  }
  world.heal();
  for (const id of MEMBERS) if (!world.isUp(id)) world.restart(id);
  world.run(5000);
  return all;
}

const isBreak = (sight: Sight): boolean => sight.kind === 'down' || sight.kind === 'restart';

/** Checks what `here` heard; returns how many gaps it found. */
function checkHeard(sights: readonly Sight[]): number {
  let latest: Numbered | null = null;
  let brokeSince = true;
  let gaps = 0;
  for (const sight of sights) {
    // After a one-way cut the link is made anew, for an end that had been told of the break already.
    if (isBreak(sight) || sight.kind === 'up') brokeSince = true;
    if (sight.kind !== 'got') continue;
    const isNext = latest !== null && sight.life === latest.life && sight.n === latest.n + 1;
    assert.ok(isNext || brokeSince, 'a gap has a break before it');
    assert.ok(
      latest === null || sight.life > latest.life || sight.n > latest.n,
      'nothing comes twice or late',
    );
    if (!isNext && latest !== null) gaps++;
    latest = sight;
    brokeSince = false;
  }
  return gaps;
}

/** Checks that what was sent over a link believed in either arrived, or a break was told. Peers believe before anyone tells. */
function checkSent(sights: readonly Sight[], heard: readonly Sight[], arePeers = false): void {
  const arrived = new Set(
    heard.flatMap((sight) => (sight.kind === 'got' ? [`${sight.life}/${sight.n}`] : [])),
  );
  let believes = false;
  let lost: Numbered | null = null;
  for (const sight of sights) {
    if (sight.kind === 'up') believes = true;
    if (isBreak(sight)) {
      believes = false;
      lost = null;
    }
    if (sight.kind === 'sent' && (believes || arePeers) && !arrived.has(`${sight.life}/${sight.n}`))
      lost = sight;
  }
  assert.equal(lost, null, 'a loss has a break after it');
}

test('whoever loses something is told', () => {
  let gaps = 0;
  for (let seed = 0; seed < 60; seed++) {
    const all = runFaulty(seed);
    for (const here of MEMBERS)
      for (const there of MEMBERS) {
        if (here === there) continue;
        const sights = all.get(here)?.get(there) ?? [];
        gaps += checkHeard(sights);
        checkSent(sights, all.get(there)?.get(here) ?? []);
      }
  }
  assert.ok(gaps > 100, 'messages were lost');
});

test('a peer that loses something is told', () => {
  let gaps = 0;
  for (let seed = 0; seed < 60; seed++) {
    const all = runFaulty(seed, 'peer');
    for (const here of MEMBERS)
      for (const there of MEMBERS) {
        if (here === there) continue;
        const sights = all.get(here)?.get(there) ?? [];
        assert.ok(!sights.some(({ kind }) => kind === 'up'), 'peers are told of breaks alone');
        gaps += checkHeard(sights);
        checkSent(sights, all.get(there)?.get(here) ?? [], true);
      }
  }
  assert.ok(gaps > 100, 'messages were lost');
});

test('nothing is lost unsaid where links are forgotten all the time', () => {
  let breaks = 0;
  for (let seed = 0; seed < 60; seed++) {
    const all = runFaulty(seed, 'peer', 3);
    for (const here of MEMBERS)
      for (const there of MEMBERS) {
        if (here === there) continue;
        const sights = all.get(here)?.get(there) ?? [];
        breaks += sights.filter(({ kind }) => kind === 'down').length;
        checkSent(sights, all.get(there)?.get(here) ?? [], true);
      }
  }
  assert.ok(breaks > 100, 'links broke');
});
