/**
 * No proof can be made against an obedient peer (facts 2.7): not by the peers it meets, and not by somebody who has everything that it
 * ever signed, together with every key that it ever gave. Streams run under random cuts, crashes, losses, delays and wrong clocks, with
 * deviants of every kind among the peers.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng, type NodeId } from '@concordat/kernel';
import type { Observer } from '@concordat/sim';
import { indexOfId, JUNK, roundOfId } from '../bits.ts';
import type { RoundHeader } from '../content/header.ts';
import { GOSSIP_DEVIATIONS } from '../deviations/index.ts';
import type { Briefcase, Key, StreamMessage, TradeStatement } from '../messages/messages.ts';
import { sampleSealing } from '../testing/samples.ts';
import { BROADCASTER, createSwarm, evictedOf, type Swarm } from '../testing/swarm.ts';
import { bodyOf } from '../trade/statements.ts';
import { type Evidence, type EvidencedStatement, pairEvidence } from './evidence.ts';
import { type EvidenceContext, judgeEvidence } from './judging.ts';

const PEERS = 16;
const ROUNDS = 16;

/** Everything that somebody said. */
interface Archive {
  readonly statements: TradeStatement[];
  readonly keys: { readonly key: Key; readonly to: NodeId }[];
}

interface Records {
  readonly archives: Map<NodeId, Archive>;
  readonly headers: Map<number, RoundHeader>;
}

function recorder(records: Records): Observer {
  return {
    sent: (_at, from, to, messages) => {
      const archive = records.archives.get(from) ?? { statements: [], keys: [] };
      records.archives.set(from, archive);
      // The simulator's messages are this package's.
      for (const message of messages as readonly StreamMessage[]) {
        if (message.kind === 'seed') records.headers.set(message.header.round, message.header);
        else if (message.kind === 'key') archive.keys.push({ key: message, to });
        else if ('signature' in message && 'tag' in message) archive.statements.push(message);
      }
    },
  };
}

/** Random trouble while the stream runs. */
function disturb(swarm: Swarm, seed: number): void {
  const random = createPrng(seed, 'trouble');
  const { world, ids } = swarm;
  for (let step = 0; step < ROUNDS * 4; step++) {
    const [a, b] = [random.pick(ids), random.pick(ids)];
    const draw = random.below(10);
    if (draw < 3 && a !== b) world.cut(a, b);
    else if (draw < 5) world.heal();
    else if (draw < 6 && world.isUp(a)) world.crash(a);
    else if (draw < 8) for (const id of ids) if (!world.isUp(id)) world.restart(id);
    if (draw === 8 && a !== b) world.breakLink(a, b);
    if (draw === 9) world.jumpClock(a, random.below(400) - 200);
    world.run(250);
  }
}

/** Every proof that somebody who heard everything could try against `accused`. */
function* attempts(swarm: Swarm, records: Records, accused: NodeId, stream: Uint8Array): Generator<Evidence> {
  const { statements, keys } = records.archives.get(accused) ?? { statements: [], keys: [] };
  const { shape } = swarm.peer(swarm.ids[0] as NodeId).setup;
  const shown = new Map<TradeStatement, EvidencedStatement>();
  for (const each of statements) shown.set(each, { body: bodyOf(shape, each), signature: each.signature });
  for (const [one, a] of shown) {
    if (one.kind === 'reserve' || one.kind === 'push-offer')
      yield { rule: 'wrong-partner', accused, statement: a };
    for (const [other, b] of shown) {
      if (one === other || one.round !== other.round) continue;
      for (const rule of ['two-statements', 'broken-commitment'] as const) {
        const evidence = pairEvidence(stream, rule, accused, a, b);
        if (evidence !== null) yield evidence;
      }
    }
    if (one.kind === 'briefcase') yield* openings(swarm, records, one, a, keys);
  }
}

function* openings(
  swarm: Swarm,
  { headers }: Records,
  briefcase: Briefcase,
  statement: EvidencedStatement,
  keys: Archive['keys'],
): Generator<Evidence> {
  const { shape } = swarm.peer(swarm.ids[0] as NodeId).setup;
  const sealing = sampleSealing(swarm.config);
  for (const [at, id] of briefcase.contents.entries()) {
    const header = id === JUNK ? undefined : headers.get(roundOfId(shape, id, briefcase.round));
    if (header === undefined) continue;
    const exhibit = sealing.exhibit(briefcase.sealed, at);
    for (const { key } of keys)
      yield {
        rule: 'bad-briefcase',
        accused: briefcase.from,
        statement,
        at,
        index: indexOfId(shape, id),
        key: key.key,
        header,
        exhibit,
      };
  }
}

function contextOf(swarm: Swarm): EvidenceContext {
  return swarm.evidence(swarm.world.isUp(BROADCASTER) ? swarm.broadcaster().evictions.entries : []);
}

function runTroubled(seed: number): { swarm: Swarm; records: Records; deviants: readonly NodeId[] } {
  const records: Records = { archives: new Map(), headers: new Map() };
  const deviants = [3, 8, 13];
  const random = createPrng(seed, 'deviants');
  const swarm = createSwarm({
    seed,
    peers: PEERS,
    isEncoded: true,
    checkInvariants: true,
    network: { latencyMs: 10 + random.below(40), tailChance: 0.05, tailMs: 300, lossChance: 0.02 },
    config: { seeds: 3, packetBytes: 60, auditsPerRound: 6 },
    deviants: deviants.map((id) => ({ ids: [id], deviation: random.pick(GOSSIP_DEVIATIONS), strength: 0.5 })),
    observers: [recorder(records)],
  });
  disturb(swarm, seed);
  return { swarm, records, deviants };
}

test('whatever happens, nothing convicts an obedient peer', () => {
  let tried = 0;
  let statements = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const { swarm, records, deviants } = runTroubled(seed);
    const context = contextOf(swarm);
    const obedient = swarm.ids.filter((id) => !deviants.includes(id));
    for (const id of evictedOf(swarm)) assert.ok(deviants.includes(id), `seed ${seed}: ${id} was evicted`);
    for (const id of swarm.ids.filter((each) => swarm.world.isUp(each)))
      for (const accused of swarm.peer(id).evidence.keys())
        assert.ok(deviants.includes(accused), `seed ${seed}: ${accused} is accused by ${id}`);
    for (const accused of obedient) {
      statements += records.archives.get(accused)?.statements.length ?? 0;
      for (const evidence of attempts(swarm, records, accused, context.stream)) {
        tried++;
        const verdict = judgeEvidence(evidence, context);
        assert.ok(!verdict.valid, `seed ${seed}: ${JSON.stringify(verdict)}`);
      }
    }
  }
  assert.ok(statements > 2000 && tried > 8000, `${statements} statements, ${tried} attempts`);
});

test('the same attempts convict those who deviate', () => {
  const records: Records = { archives: new Map(), headers: new Map() };
  const guilty = GOSSIP_DEVIATIONS.filter(({ evidence }) => evidence !== null);
  const swarm = createSwarm({
    seed: 2,
    peers: PEERS,
    isEncoded: true,
    config: { seeds: 3, packetBytes: 60, auditsPerRound: 0 },
    deviants: guilty.map((deviation, i) => ({ ids: [2 + i], deviation })),
    observers: [recorder(records)],
  });
  swarm.runRounds(8);
  const context = contextOf(swarm);
  for (const [i, deviation] of guilty.entries()) {
    const rules = new Set<string>();
    for (const evidence of attempts(swarm, records, 2 + i, context.stream))
      if (judgeEvidence(evidence, context).valid) rules.add(evidence.rule);
    assert.ok(rules.has(deviation.evidence ?? ''), `${deviation.name}: ${[...rules].join()}`);
  }
});
