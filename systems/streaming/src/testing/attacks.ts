/**
 * A stream with some peers that attack, in either protocol, beside the same stream without: what the others noticed, what of it is
 * proof, and whether any of them was harmed. The list of attacks is `attacks.test.ts`.
 */

import assert from 'node:assert/strict';
import { reasonsOf, totalBytes } from '@concordat/accountability';
import type { MessageCodec, NodeId, Strategy } from '@concordat/kernel';
import type { Observer } from '@concordat/sim';
import { toHex } from '@concordat/wire';
import { silentToAudits } from '../broadcaster/broadcaster.ts';
import type { Deviation } from '../deviations/index.ts';
import { decodeEvidence } from '../evidence/evidence.ts';
import { judgeEvidence } from '../evidence/judging.ts';
import type { FlightConduct } from '../flightpath/conduct.ts';
import type { FlightMessage } from '../flightpath/messages.ts';
import type { FlightPeer } from '../flightpath/peer.ts';
import type { StreamMessage } from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import type { Conduct } from '../trade/conduct.ts';
import { createFlightSwarm, FIRST_NODE, type FlightSwarmOptions } from './flight-swarm.ts';
import { createSwarm, evictedOf, mediaOf } from './swarm.ts';

export const PEERS = 40;
export const ROUNDS = 24;
/** Through the end of the epoch in which all joined. */
export const FLIGHT_ROUNDS = 56;
export const ATTACKERS: readonly NodeId[] = [9, 17, 26, 35];
const SEED = 5;

/** What became of a stream, as the obedient peers saw it. */
export interface Outcome {
  /** How often they struck attackers, and for what. */
  readonly strikes: ReadonlyMap<string, number>;
  /** The same of each other. */
  readonly strikesOnOthers: number;
  /** Messages without effect, and packets and headers that did not verify. */
  readonly voids: number;
  readonly hostile: number;
  readonly undecodable: number;
  /** What attackers owe them at the end: keys and briefcases. */
  readonly debts: number;
  /** Attackers that have long owed the broadcaster an answer to an audit at the end, and others. */
  readonly owing: number;
  readonly othersOwing: number;
  /** Rules under which attackers were proved guilty to an offline judge. */
  readonly rules: ReadonlySet<string>;
  /** Proofs against anybody else, or that convince no judge. */
  readonly falseProofs: number;
  /** Attackers and others that are out. */
  readonly evicted: number;
  readonly evictedOthers: number;
  /** Share of what was due in time: packets in BAR Gossip, rounds in FlightPath. */
  readonly inTime: number;
  /** Rounds played with other bytes than were broadcast. */
  readonly altered: number;
  readonly played: number;
  /** Bytes uploaded per peer, and most of one peer in one round. */
  readonly upload: number;
  readonly peakUpload: number;
}

interface Seen {
  voids: number;
  hostile: number;
  debts: number;
  strikesOnOthers: number;
  readonly strikes: Map<string, number>;
}

/** Sums what `peer` noticed of attackers and of others. */
function addSeen(seen: Seen, peer: PeerState<unknown>, isAttacker: (id: NodeId) => boolean): void {
  seen.voids += peer.meter.voids;
  seen.hostile += peer.meter.hostile;
  for (const who of peer.debtors.keys()) if (isAttacker(who)) seen.debts++;
  for (const who of peer.strikes.peers.keys())
    for (const [reason, count] of reasonsOf(peer.strikes, who)) {
      if (!isAttacker(who)) seen.strikesOnOthers += count;
      else seen.strikes.set(reason, (seen.strikes.get(reason) ?? 0) + count);
    }
}

const noneSeen = (): Seen => ({ voids: 0, hostile: 0, debts: 0, strikesOnOthers: 0, strikes: new Map() });

/** The evidence that a message takes to a judge, if it does. */
function evidenceIn(message: StreamMessage | FlightMessage): Uint8Array | null {
  const isReport = message.kind === 'audit-answer' || message.kind === 'ping';
  return isReport && message.evidence.length > 0 ? message.evidence : null;
}

interface Verdicts {
  readonly rules: Set<string>;
  falseProofs: number;
}

function judgeInto(verdicts: Verdicts, bytes: Uint8Array, convicted: NodeId | null, isGuilty: boolean): void {
  const evidence = decodeEvidence(bytes);
  if (evidence === null || convicted === null || !isGuilty) verdicts.falseProofs++;
  else verdicts.rules.add(evidence.rule);
}

export interface GossipAttack {
  readonly deviation: Pick<Deviation, 'make'>;
  readonly codec?: (honest: MessageCodec<StreamMessage>) => MessageCodec<StreamMessage>;
}

/** BAR Gossip: real bytes, sealed and encoded. */
export function gossipUnder(attack: GossipAttack | null): Outcome {
  const isAttacker = (id: NodeId): boolean => ATTACKERS.includes(id);
  const verdicts: Verdicts = { rules: new Set(), falseProofs: 0 };
  const [seen, media] = [noneSeen(), { altered: 0, played: 0 }];
  const packetBytes = 60;
  // One each: attackers that are no coalition.
  const deviants = ATTACKERS.map((id) => ({
    ids: [id],
    deviation: { name: '', what: '', nature: 'byzantine', evidence: null, ...attack?.deviation } as Deviation,
  }));
  const observer: Observer = {
    delivered: (_at, _from, to, message) => {
      const bytes = to === 0 ? evidenceIn(message as StreamMessage) : null;
      const evidence = bytes === null ? null : decodeEvidence(bytes);
      if (bytes === null) return;
      const verdict =
        evidence === null
          ? null
          : judgeEvidence(evidence, swarm.evidence(swarm.broadcaster().evictions.entries));
      const accused = verdict?.valid ? verdict.accused : null;
      judgeInto(verdicts, bytes, accused, accused !== null && isAttacker(accused));
    },
  };
  const { codec } = attack ?? {};
  const swarm = createSwarm({
    seed: SEED,
    peers: PEERS,
    isEncoded: true,
    checkInvariants: true,
    config: { seeds: 4, packetBytes, auditsPerRound: 6 },
    deviants: attack === null ? [] : deviants,
    observers: [observer],
    ...(codec === undefined
      ? {}
      : {
          codecOf: (id: NodeId, honest: MessageCodec<StreamMessage>) =>
            isAttacker(id) ? codec(honest) : honest,
        }),
    play: (id, round, bytes) => {
      if (isAttacker(id) || bytes === null) return;
      media.played++;
      if (toHex(bytes) !== toHex(mediaIn(round))) media.altered++;
    },
  });
  const mediaIn = mediaOf(SEED, swarm.config, packetBytes);
  swarm.runRounds(ROUNDS);
  const others = swarm.ids.filter((id) => !isAttacker(id));
  const sum = { upload: 0, peak: 0, due: 0, inTime: 0 };
  for (const id of others) {
    const peer = swarm.peer(id);
    addSeen(seen, peer, isAttacker);
    sum.upload += totalBytes(peer.meter.up) / others.length;
    sum.peak = Math.max(sum.peak, peer.meter.maxRoundUp);
    sum.due += peer.meter.due;
    sum.inTime += peer.meter.inTime;
  }
  const evicted = evictedOf(swarm);
  const owing = silentToAudits(swarm.broadcaster()).map(({ id }) => id);
  return {
    ...seen,
    ...verdicts,
    ...media,
    undecodable: swarm.world.notes.filter(({ note }) => note.kind === 'undecodable').length,
    owing: owing.filter(isAttacker).length,
    othersOwing: owing.filter((id) => !isAttacker(id)).length,
    evicted: evicted.filter(isAttacker).length,
    evictedOthers: evicted.filter((id) => !isAttacker(id)).length,
    inTime: sum.inTime / sum.due,
    upload: sum.upload,
    peakUpload: sum.peak,
  };
}

export interface FlightAttack {
  readonly trade?: Conduct;
  readonly flight?: FlightConduct;
  readonly strategy?: () => Strategy<FlightPeer, FlightMessage>;
}

/** Media by round, as some stream plays it. */
export type PlayedMedia = Map<number, string>;

/**
 * FlightPath, from its beginning through the turn of an epoch. The broadcaster sends the same bytes whatever its peers do, so
 * `played` of the stream without attackers tells what the others must play.
 */
export function flightUnder(
  attack: FlightAttack | null,
  played: PlayedMedia,
  changes: Partial<FlightSwarmOptions> = {},
): Outcome {
  const isAttackerNode = (node: NodeId): boolean => ATTACKERS.includes(node - FIRST_NODE);
  const verdicts: Verdicts = { rules: new Set(), falseProofs: 0 };
  const [seen, media] = [noneSeen(), { altered: 0, played: 0 }];
  const ids = new Map<NodeId, NodeId>();
  const isAttacker = (id: NodeId): boolean => isAttackerNode(ids.get(id) ?? -1);
  const swarm = createFlightSwarm({
    seed: SEED,
    capacity: PEERS,
    config: { seeds: 5 },
    checkInvariants: false,
    conductOf: (node) => (attack !== null && isAttackerNode(node) ? attack : undefined),
    strategyOf: (node) => (isAttackerNode(node) ? attack?.strategy?.() : undefined),
    play: (node, round, bytes) => {
      if (isAttackerNode(node) || bytes === null) return;
      const text = toHex(bytes);
      if (!played.has(round)) played.set(round, text);
      media.played++;
      if (played.get(round) !== text) media.altered++;
    },
    ...changes,
  });
  swarm.world.observe({
    noted: (_at, node, note) => {
      if (note.kind === 'welcomed') ids.set(Number(note['id']), node);
    },
    delivered: (_at, _from, to, enveloped) => {
      const { message } = enveloped as { readonly message: FlightMessage };
      const bytes = to < FIRST_NODE ? evidenceIn(message) : null;
      if (bytes === null) return;
      const accused = decodeEvidence(bytes)?.accused ?? -1;
      // Members that are out already cannot be judged again: nobody has their keys.
      if (!swarm.tracker().members.has(accused)) return;
      const convicted = swarm.tracker().options.convicts(bytes)?.member ?? null;
      judgeInto(verdicts, bytes, convicted, convicted !== null && isAttacker(convicted));
    },
  });
  const nodes = swarm.add(PEERS);
  swarm.runRounds(FLIGHT_ROUNDS);
  const others = nodes.filter((node) => !isAttackerNode(node));
  const sum = { upload: 0, peak: 0, rounds: 0, jittered: 0 };
  for (const node of others) {
    const { peer, meter } = swarm.peer(node);
    if (peer !== null) addSeen(seen, peer, isAttacker);
    sum.upload += totalBytes(meter.up) / others.length;
    sum.peak = Math.max(sum.peak, meter.maxRoundUp, meter.roundUp);
    sum.rounds += meter.rounds;
    sum.jittered += meter.jittered;
  }
  const owing = silentToAudits(swarm.broadcaster()).map(({ id }) => id);
  const removed = new Set([
    ...swarm.tracker().removals.flatMap(({ id, why }) => (why === 'convicted' ? id : [])),
    ...swarm.broadcaster().evictions.entries.map(({ member }) => member),
  ]);
  return {
    ...seen,
    ...verdicts,
    ...media,
    undecodable: 0,
    owing: owing.filter(isAttacker).length,
    othersOwing: owing.filter((id) => !isAttacker(id)).length,
    evicted: [...removed].filter(isAttacker).length,
    evictedOthers: [...removed].filter((id) => !isAttacker(id)).length,
    inTime: 1 - sum.jittered / sum.rounds,
    upload: sum.upload,
    peakUpload: sum.peak,
  };
}

/**
 * Nobody but the attackers was harmed: as much in time as without them but for `loss`, the same bytes, no more work but for what the
 * attackers' part was, and nothing held against anybody.
 */
export function assertUnharmed(under: Outcome, without: Outcome, loss: number): void {
  assert.ok(under.inTime >= without.inTime - loss, `in time: ${under.inTime}, without ${without.inTime}`);
  assert.equal(under.altered, 0);
  assert.ok(under.played > 0);
  assert.deepEqual([under.strikesOnOthers, under.falseProofs, under.evictedOthers], [0, 0, 0]);
  const attackersPart = PEERS / (PEERS - ATTACKERS.length);
  assert.ok(
    under.upload <= 1.03 * attackersPart * without.upload,
    `upload: ${under.upload}, without ${without.upload}`,
  );
}
