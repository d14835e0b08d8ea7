/**
 * The list of attacks that peers can try on those with whom they trade (facts 2.10, 8.8), by name, under BAR Gossip and under
 * FlightPath: how each is noticed, what of it is proof, and that it harms nobody else. Attacks on membership are in `members.test.ts`;
 * satiation under BAR Gossip, which does harm, in `gossip/swarm.test.ts`;
 * what deviations bring their makers is in `deviations/`, and what nobody can be convicted of in `evidence/innocence.test.ts`.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { createPrng, type MessageCodec, type NodeId } from '@concordat/kernel';
import { shapeOf } from '../config.ts';
import { type Deviation, deviantWith, deviationNamed, flightDeviant, inFlight } from '../deviations/index.ts';
import {
  forgesHeaders,
  repeats,
  replaysAnother,
  replaysLater,
  speaksForOthers,
  type Tamper,
  tampering,
} from '../deviations/tampering.ts';
import { OBEDIENT_FLIGHT } from '../flightpath/conduct.ts';
import type { FlightMessage } from '../flightpath/messages.ts';
import { EXCHANGE, FLEXIBLE, type StreamMessage, type TradeStatement } from '../messages/messages.ts';
import {
  ATTACKERS,
  assertUnharmed,
  FLIGHT_ROUNDS,
  type FlightAttack,
  flightUnder,
  type GossipAttack,
  gossipUnder,
  type Outcome,
  PEERS,
  type PlayedMedia,
  ROUNDS,
} from '../testing/attacks.ts';
import type { Enveloped } from '../testing/directory.ts';
import { createFlightSwarm, FIRST_NODE } from '../testing/flight-swarm.ts';
import { sampleBits, sampleBytes, sampleConfig, sampleMessages } from '../testing/samples.ts';
import { createSwarm } from '../testing/swarm.ts';
import { type Conduct, OBEDIENT } from '../trade/conduct.ts';
import { commitmentOf } from '../trade/statements.ts';

const played: PlayedMedia = new Map();
const quietGossip = gossipUnder(null);
const quietFlight = flightUnder(null, played);
const capBytes = 2 * 50 * 1250;

interface Attack {
  readonly name: string;
  readonly gossip?: GossipAttack;
  readonly flight?: FlightAttack;
  /** How it is noticed, or why it is not; `without` is the same stream without it. */
  readonly noticed: ((under: Outcome, without: Outcome) => boolean) | { readonly not: string };
  /** The rule that convicts, or why there is no proof. */
  readonly proof: { readonly rule: string } | { readonly none: string };
  /** Under FlightPath, if it is another there. */
  readonly flightProof?: { readonly rule: string } | { readonly none: string };
  readonly flightNoticed?: Attack['noticed'];
}

interface Both {
  readonly gossip: GossipAttack;
  readonly flight: FlightAttack;
}

const byConduct = (changes: Partial<Conduct>): Both => {
  const conduct = { ...OBEDIENT, ...changes };
  return {
    gossip: { deviation: { make: () => deviantWith({ conduct: changes }) } },
    flight: { trade: conduct },
  };
};

function flightOf(name: string): FlightAttack {
  const { strategy, ...decisions } = flightDeviant(name) ?? assert.fail(name);
  return { ...decisions, strategy: () => strategy };
}

const byTamper = (tamper: () => Tamper): Both => {
  const deviant = deviantWith({ wrap: tampering(tamper) });
  return {
    gossip: { deviation: { make: () => deviant } },
    flight: { strategy: () => inFlight(deviant).strategy },
  };
};

const named = (name: string): Pick<Deviation, 'make'> => deviationNamed(name) ?? assert.fail(name);

const struck =
  (reason: string) =>
  ({ strikes }: Outcome): boolean =>
    (strikes.get(reason) ?? 0) > ATTACKERS.length;

const voided = (under: Outcome, without: Outcome): boolean => under.voids > 2 * without.voids + 50;

type Archive = (from: NodeId, round: number, kind: string) => readonly TradeStatement[];

const inArchive =
  (said: readonly TradeStatement[]): Archive =>
  (from, round, kind) =>
    said.filter((each) => each.from === from && each.round === round && each.kind === kind);

const isStatement = (message: FlightMessage): message is TradeStatement =>
  'signature' in message && 'tag' in message;

const OTHER = { session: new Uint8Array(16).fill(77) };

/** What those who attack signed in another stream of the same people and keys. */
function gossipArchive(): Archive {
  const said: TradeStatement[] = [];
  const sent = (_at: number, from: NodeId, _to: NodeId, messages: readonly unknown[]): void => {
    // The simulator's messages are this package's.
    for (const message of messages as readonly StreamMessage[])
      if (ATTACKERS.includes(from) && isStatement(message)) said.push(message);
  };
  const config = { seeds: 4, packetBytes: 60, ...OTHER };
  createSwarm({ seed: 5, peers: PEERS, isEncoded: true, config, observers: [{ sent }] }).runRounds(ROUNDS);
  assert.ok(said.length > 100);
  return inArchive(said);
}

function flightArchive(): Archive {
  const said: TradeStatement[] = [];
  const config = { seeds: 5, ...OTHER };
  const other = createFlightSwarm({ seed: 5, capacity: PEERS, config, checkInvariants: false });
  other.world.observe({
    sent: (_at, from, _to, messages) => {
      for (const { message } of messages as readonly Enveloped<FlightMessage>[])
        if (ATTACKERS.includes(from - FIRST_NODE) && isStatement(message)) said.push(message);
    },
  });
  other.add(PEERS);
  other.runRounds(FLIGHT_ROUNDS);
  assert.ok(said.length > 100);
  return inArchive(said);
}

/** Cut short, too long, noise, nothing: in the place of every message. */
function garbling(honest: MessageCodec<StreamMessage>): MessageCodec<StreamMessage> {
  const random = createPrng(3, 'garble');
  return {
    ...honest,
    encode: (message) => {
      const bytes = honest.encode(message);
      switch (random.below(5)) {
        case 0:
          return bytes.subarray(0, random.below(bytes.length));
        case 1:
          return Uint8Array.of(...bytes, ...sampleBytes(random, 1 + random.below(5000)));
        case 2:
          return sampleBytes(random, random.below(300));
        case 3:
          return new Uint8Array(0);
        default:
          return bytes.map((byte) => (random.chance(0.05) ? random.below(256) : byte));
      }
    },
  };
}

/** Besides what it says, one message of every kind, made up; half of them as if of this very occasion. */
function babbles(): Tamper {
  const random = createPrng(4, 'babble');
  const config = sampleConfig({ packetsPerRound: 10, neededPackets: 10, lifetimeRounds: 10 });
  return (peer, _env, to, message) => {
    if (!isStatement(message)) return [{ to, message }];
    const occasion = { epoch: peer.list.epoch, round: peer.round, tag: message.tag, from: peer.self, to };
    const others = sampleMessages(random, { ...config, ...sizesOf(peer.setup.config) }, peer.setup.shape);
    return [
      { to, message },
      ...others.map((each) => ({
        to,
        message: 'tag' in each && random.chance(0.5) ? { ...each, ...occasion } : each,
      })),
    ];
  };
}

const sizesOf = ({
  packetsPerRound,
  neededPackets,
  lifetimeRounds,
  packetBytes,
}: Parameters<typeof shapeOf>[0]) => ({ packetsPerRound, neededPackets, lifetimeRounds, packetBytes });

/** Everybody but those whom it may contact, as if its first draw had led to them. */
const grinding: FlightAttack = {
  flight: {
    ...OBEDIENT_FLIGHT,
    order: ({ list, self }, _env, candidates) =>
      [...list.members]
        .filter(({ id }) => id !== self)
        .filter(({ id }) => candidates.every((candidate) => candidate.id !== id))
        .map(({ id }) => ({ id, draw: 0 })),
  },
};

const ATTACKS: readonly Attack[] = [
  {
    name: 'poisoned packet: one bit of it is changed, and its path and list are right',
    ...byConduct({ packs: () => 'poisoned' }),
    noticed: ({ hostile, evicted }) => hostile > 0 && evicted === ATTACKERS.length,
    proof: { rule: 'bad-briefcase' },
  },
  {
    name: 'junk where the list names a packet',
    ...byConduct({ packs: () => 'junk' }),
    noticed: ({ hostile, evicted }) => hostile > 0 && evicted === ATTACKERS.length,
    proof: { rule: 'bad-briefcase' },
  },
  {
    name: 'poisoned header: one that leads to other packets comes along with good ones',
    gossip: byTamper(forgesHeaders).gossip,
    noticed: ({ hostile }) => hostile > 0,
    proof: { none: 'headers are not part of what a briefcase signs: who passes one on cannot vouch for it' },
  },
  {
    name: 'words that are not its own: seeds, evictions, audits, beacons of another time',
    ...byTamper(speaksForOthers),
    noticed: voided,
    proof: { none: 'they are signed under a key that may not say them, for kinds that no rule is about' },
  },
  {
    name: 'replayed: everything twice in the same round',
    ...byTamper(repeats),
    noticed: voided,
    proof: { none: 'the same statement twice says nothing new, and links may repeat it, too' },
  },
  {
    name: 'replayed: everything again, two rounds later',
    ...byTamper(replaysLater),
    noticed: voided,
    proof: { none: 'a late statement is one that a slow link delivers' },
  },
  {
    name: 'replayed: what it signed in another stream',
    gossip: byTamper(replaysAnother(gossipArchive())).gossip,
    flight: byTamper(replaysAnother(flightArchive())).flight,
    noticed: struck('bad-signature'),
    proof: { none: 'signatures name their stream: for this one it has signed nothing' },
  },
  {
    name: 'truncated packet: cut short by a byte',
    ...byConduct({ packs: () => 'truncated' }),
    noticed: struck('short-briefcase'),
    proof: { none: 'it is refused by its size, before any key is given that would show what it is' },
    // The large simulations' sealing has no sizes, so there it is opened.
    flightNoticed: ({ hostile }) => hostile > 0,
    flightProof: { rule: 'bad-briefcase' },
  },
  {
    name: 'scraps instead of packets, under a key that is never shown',
    ...byConduct({ packs: () => 'scrap', releases: () => false }),
    noticed: struck('short-briefcase'),
    proof: { none: 'it is refused by its size' },
  },
  {
    name: 'truncated, oversized and garbled messages',
    gossip: { deviation: { make: () => deviantWith({}) }, codec: garbling },
    noticed: ({ undecodable }) => undecodable > 200,
    proof: { none: 'nothing of it is signed' },
  },
  {
    name: 'messages of every kind, made up',
    ...byTamper(babbles),
    noticed: (under, without) => voided(under, without) && struck('bad-signature')(under),
    proof: { none: 'nothing of it is signed' },
  },
  {
    name: 'partner grinding: others than were drawn',
    gossip: { deviation: named('grinds-partners') },
    flight: grinding,
    noticed: ({ evicted }) => evicted === ATTACKERS.length,
    proof: { rule: 'wrong-partner' },
    flightNoticed: voided,
    flightProof: { none: 'a draw depends on what its maker knew of newcomers, which it does not sign' },
  },
  {
    name: 'a commitment broken once the partner has told what it has',
    gossip: { deviation: named('breaks-commitments') },
    noticed: ({ evicted }) => evicted === ATTACKERS.length,
    proof: { rule: 'broken-commitment' },
  },
  {
    name: 'two openings in one round',
    gossip: { deviation: named('opens-twice') },
    noticed: ({ evicted }) => evicted === ATTACKERS.length,
    proof: { rule: 'two-statements' },
  },
  {
    name: 'keys withheld at the end of the session, when nobody can answer in kind any more',
    gossip: byConduct({ releases: ({ round }) => round < ROUNDS - 6 }).gossip,
    flight: byConduct({ releases: ({ round }) => round < FLIGHT_ROUNDS - 6 }).flight,
    noticed: ({ debts }) => debts > 0,
    proof: { none: 'silence proves nothing: who owes a key is asked again, at a price, and not served' },
  },
  {
    name: 'silence to audits, which saves the answer',
    gossip: { deviation: named('ignores-audits') },
    flight: flightOf('ignores-audits'),
    noticed: ({ owing, othersOwing }) => owing === ATTACKERS.length && othersOwing === 0,
    proof: { none: 'silence proves nothing: the broadcaster does not seed who owes an answer' },
  },
  {
    name: 'whitewashing: keys kept, then back as if new',
    gossip: { deviation: named('leaves-and-rejoins') },
    noticed: ({ debts }) => debts > 0,
    proof: { none: 'it is silent about what it owes' },
  },
  {
    name: 'whitewashing: gifts taken, then back under another id',
    flight: flightOf('whitewashes'),
    noticed: {
      not: 'it comes as somebody else, as an invite lets it; until it leaves it got what gifts allow',
    },
    proof: { none: 'taking little and giving nothing is no lie' },
  },
  {
    name: 'clock games: answers as late as a round allows',
    gossip: { deviation: named('answers-late') },
    noticed: { not: 'what comes in time is in time' },
    proof: { none: 'nobody can prove when something came; what is too late is void' },
  },
  {
    name: 'satiation: takes nothing, and gives whomever it meets all that it may',
    flight: {
      trade: { ...OBEDIENT, claims: (_peer, _env, claim) => ({ ...claim, want: claim.want.map(() => 0) }) },
      flight: { ...OBEDIENT_FLIGHT, gift: () => 10_000 },
    },
    noticed: { not: 'a gift is a gift; what bounds it is that trades are even but for a tenth' },
    proof: { none: 'generosity is no lie' },
  },
];

/** An attack's outcome is what the list says, and nobody else was harmed. */
function check(attack: Attack, under: Outcome, without: Outcome, isFlight: boolean): void {
  const noticed = (isFlight ? attack.flightNoticed : undefined) ?? attack.noticed;
  const proof = (isFlight ? attack.flightProof : undefined) ?? attack.proof;
  assert.ok(
    'not' in noticed || noticed(under, without),
    `not noticed: ${JSON.stringify({ ...under, strikes: [...under.strikes] })}`,
  );
  assert.deepEqual([...under.rules], 'rule' in proof ? [proof.rule] : []);
  if (!('rule' in proof)) assert.equal(under.evicted, 0);
  assertUnharmed(under, without, isFlight ? 0.003 : 0.02);
}

describe('BAR Gossip', () => {
  for (const attack of ATTACKS)
    if (attack.gossip !== undefined) {
      const { gossip } = attack;
      test(attack.name, () => check(attack, gossipUnder(gossip), quietGossip, false));
    }
});

describe('FlightPath', () => {
  for (const attack of ATTACKS)
    if (attack.flight !== undefined) {
      const { flight } = attack;
      test(attack.name, () => {
        const under = flightUnder(flight, played);
        check(attack, under, quietFlight, true);
        assert.ok(under.peakUpload <= capBytes, `${under.peakUpload}`);
      });
    }
});

test('a commitment says nothing of the claim to whoever does not know the nonce, even if it guesses the claim', () => {
  const random = createPrng(1, 'claims');
  const config = sampleConfig();
  const shape = shapeOf(config);
  const [have, want] = [sampleBits(random, shape), sampleBits(random, shape)];
  const claim = { have, want, known: 7, mayOwe: 0, mayGive: 0 };
  for (const tag of [EXCHANGE, FLEXIBLE] as const) {
    const made = commitmentOf(modelHash, shape, sampleBytes(random, 16), claim, tag);
    for (let guess = 0; guess < 500; guess++) {
      const nonce = guess === 0 ? new Uint8Array(16) : sampleBytes(random, 16);
      assert.notDeepEqual(commitmentOf(modelHash, shape, nonce, claim, tag), made);
    }
  }
});
